"""The parsers of CSRec's data sets on a few lines of their exact formats, and on lines that are wrong."""

import pytest

from datasets.pipeline.card import card
from datasets.pipeline.errors import BadInput

BOOKS = {
    "observation.txt": "1 87 80\n2 50\n",
    "recommendation.txt": "1 5 6 7\n2 7 8 9\n",
    "decision.txt": "1 0 1 0\n2 1 1 0\n",
}
LATER = {
    "observed_1207_temp_0.7.txt": "0,4,5\n1,6\n2,9\n",
    "books_1207_temp_0.7.txt": "0,1,2\n1,3,4\n",
    "decisions_1207_temp_0.7.txt": "0,1,0\n1,0,1\n",
    "probabilities_1207_temp_0.7.txt": "0,0.8,0.3\n1,0.5,0.6\n",
}
SESSIONS = (
    "session_id,session_position,session_length,track_id_clean,skip_1,skip_2,skip_3,not_skipped,context_switch,"
    "no_pause_before_play,short_pause_before_play,long_pause_before_play,hist_user_behavior_n_seekfwd,"
    "hist_user_behavior_n_seekback,hist_user_behavior_is_shuffle,hour_of_day,date,premium,context_type,"
    "hist_user_behavior_reason_start,hist_user_behavior_reason_end\n"
    "0_a,2,3,t_2,true,false,false,true,0,0,0,0,0,0,true,16,2018-07-15,true,user_collection,trackdone,trackdone\n"
    "0_a,1,3,t_1,true,true,false,false,0,0,0,0,0,0,true,16,2018-07-15,true,user_collection,trackdone,fwdbtn\n"
    "0_a,3,3,t_3,false,false,false,true,0,0,0,0,0,0,true,16,2018-07-15,true,personalized_playlist,trackdone,trackdone\n"
    "0_b,1,1,t_1,false,true,false,true,0,0,0,0,0,0,true,16,2018-07-15,true,editorial_playlist,trackdone,trackdone\n"
)
VIEWS = (
    "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,is_hate,long_view,"
    "play_time_ms,duration_ms,profile_stay_time,comment_stay_time,is_profile_enter,is_rand,tab\n"
)
PURE = {
    "log_standard_4_08_to_4_21_pure.csv": VIEWS + "0,9,20220408,1200,1649390400500,1,0,0,0,0,0,1,5,9,0,0,0,0,1\n",
    "log_standard_4_22_to_5_08_pure.csv": VIEWS + "0,7,20220408,1200,1649390400400,0,0,0,0,0,0,0,5,9,0,0,0,0,1\n",
    "log_random_4_22_to_5_08_pure.csv": VIEWS + "1,8,20220422,1200,1650600000000,1,1,0,0,0,0,0,5,9,0,0,0,1,1\n",
}
COATS = {"train.ascii": "0 5 2\n3 0 0\n", "test.ascii": "4 0 0\n0 1 0\n"}
FILES = {
    "gpt4-books": BOOKS,
    "gpt4-books-1207": LATER,
    "mssd": {"log_mini.csv": SESSIONS},
    "kuairand-pure": PURE,
    "coat": COATS,
}


@pytest.fixture
def parse(tmp_path):
    """A function (data set, {file: text} over its sound files) -> Parsed."""

    def parse(name, changes=None):
        base = next(known for known in sorted(FILES, key=len, reverse=True) if name.startswith(known))
        files = {}
        for file, text in {**FILES[base], **(changes or {})}.items():
            if text is not None:
                files[file] = tmp_path / file
                files[file].write_text(text)
        return card(name).parse(files)

    return parse


def rows(parsed, regime):
    found = parsed.exposures[parsed.exposures["regime"] == regime]
    return found[["user", "item", "accepted"]].to_numpy().tolist()


def test_gpt4_books(parse):
    found = parse("gpt4-books")
    assert found.interactions.to_numpy().tolist() == [[1, 87], [1, 80], [2, 50]]
    assert rows(found, "interventional")[:4] == [[1, 5, False], [1, 6, True], [1, 7, False], [2, 7, True]]


def test_gpt4_books_1207_takes_those_who_stand_in_every_file(parse):
    found = parse("gpt4-books-1207")
    assert found.interactions[["user", "item"]].to_numpy().tolist() == [[0, 4], [0, 5], [1, 6]]
    shown = found.exposures[found.exposures["regime"] == "interventional"]
    assert shown["probability"].tolist() == [0.8, 0.3, 0.5, 0.6]
    assert rows(found, "interventional")[2:] == [[1, 3, False], [1, 4, True]]


def test_mssd_takes_the_sources_that_tell_their_regime(parse):
    found = parse("mssd")
    assert rows(found, "observational") == [["0_a", "t_1", False], ["0_a", "t_2", True]]
    assert rows(found, "interventional") == [["0_a", "t_3", True]]
    assert rows(parse("mssd-first"), "observational") == [["0_a", "t_1", False], ["0_a", "t_2", False]]


def test_kuairand_pure_is_in_the_order_of_its_milliseconds(parse):
    found = parse("kuairand-pure")
    assert rows(found, "observational") == [[0, 7, False], [0, 9, True]]
    assert rows(found, "interventional") == [[1, 8, True]]
    assert found.exposures["signals"].tolist() == [0, 2, 2] and found.interactions["time"].tolist() == [1649390400]


def test_coat_accepts_what_is_rated_well_enough(parse):
    assert rows(parse("coat"), "observational") == [[0, 1, True], [0, 2, False], [1, 0, True]]
    assert rows(parse("coat-four"), "observational") == [[0, 1, True], [0, 2, False], [1, 0, False]]
    assert rows(parse("coat"), "interventional") == [[0, 0, True], [1, 1, False]]


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("gpt4-books", {"decision.txt": "1 0 1 0\n2 1 2 0\n"}, "decision.txt, line 2: decision 2 is neither 0 nor 1"),
        ("gpt4-books", {"decision.txt": "1 0 1 0\n3 1 1 0\n"}, r"decision.txt: its users .* .line 2: user 3 beside 2"),
        ("gpt4-books", {"decision.txt": "1 0 1 0\n"}, "1 lines beside 2"),
        ("gpt4-books", {"decision.txt": "1 0 1 0\n2 1 1\n"}, r"decision.txt, line 2: 2 values, .* 3 recommendations"),
        ("gpt4-books", {"observation.txt": "1 87\n\n"}, "observation.txt, line 2: a user and numbers are expected"),
        ("gpt4-books", {"observation.txt": "1 87\n1 3\n"}, "line 2: user 1 stands there once more"),
        (
            "gpt4-books-1207",
            {"probabilities_1207_temp_0.7.txt": "0,0.8,0.3\n1,1.5,0.6\n"},
            r"probabilities_1207_temp_0.7.txt, line 2: the probability 1.5 is not between 0 and 1",
        ),
        ("gpt4-books-1207", {"books_1207_temp_0.7.txt": None}, "there is no books_1207_temp_0.7.txt"),
        (
            "mssd",
            {"log_mini.csv": SESSIONS.replace("editorial_playlist", "podcast")},
            "line 5: context_type is 'podcast'",
        ),
        (
            "kuairand-pure",
            {"log_random_4_22_to_5_08_pure.csv": VIEWS + "1,8,1,1,1650600000000,2,1,0,0,0,0,0,5,9,0,0,0,1,1\n"},
            "log_random_4_22_to_5_08_pure.csv, line 2: is_click is 2, neither 0 nor 1",
        ),
        ("coat", {"test.ascii": "4 0 0\n0 9 0\n"}, "test.ascii, line 2: 3 ratings from 0 .* to 5 are expected"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_line(parse, name, changes, words):
    with pytest.raises(BadInput, match=words):
        parse(name, changes)
