"""Written times as seconds since 1970 UTC."""

import pandas as pd

from datasets.pipeline.errors import BadInput
from datasets.pipeline.tables import place


def seconds(written: pd.Series | pd.DataFrame, form: str | None = None) -> pd.Series:
    """Of texts of the form `form` (that of `strftime`; without a zone UTC is meant), or of numbers in the columns year,
    month, day. BadInput names the line of the first that is no time, as 31 February is none.
    """
    times = pd.to_datetime(written, format=form, utc=True, errors="coerce")
    fault = times.isna().to_numpy()
    if fault.any():
        first = written.iloc[int(fault.argmax())]
        said = f"{first!r} is not a time such as {pd.Timestamp(0, tz='UTC').strftime(form)!r}" if form else ""
        said = said or f"there is no day {', '.join(f'{part} {number}' for part, number in first.items())}"
        raise BadInput(f"{place(written, fault)}: {said}; correct the line or take it out of the file")
    return (times - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
