# All that a job needs, from the lock. The code is no part of it: a run takes that of its checkout.
#   docker build -t whatifrec . && apptainer build whatifrec.sif docker-daemon://whatifrec:latest
#   snakemake --cores all --sdm apptainer
FROM python:3.11-slim
# awk and bash, which the image has, run the method in another language.
COPY requirements.lock /
RUN python -m pip install --no-cache-dir --disable-pip-version-check -r /requirements.lock
