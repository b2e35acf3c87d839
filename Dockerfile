# The image of the container action. It builds with the legacy builder and with BuildKit: no heredocs, no mounts, no
# syntax line. A release is built with --build-arg PYTHON_IMAGE=python@sha256:… (see .github/workflows/release.yml);
# the runner, which passes no build arguments, builds from the tag. The tag names no Debian: it is always the stable one,
# which has security updates.
ARG PYTHON_IMAGE=python:3.12-slim

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends git tini && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The build tools have a venv of their own, which stays in this stage.
COPY requirements-build.txt ./
RUN python3 -m venv /opt/build && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.txt
COPY requirements.txt ./
RUN python3 -m venv /opt/carbon-lint \
    && /opt/carbon-lint/bin/pip install --require-hashes --only-binary :all: --no-compile -r requirements.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY schemas schemas
COPY carbon_lint carbon_lint
# What is never read here goes: the packages' own tests, country names in other languages, C headers, pip.
# The rest is compiled, as every run is the first one in its container; by content, so that a rebuild is the same.
RUN /opt/build/bin/python -m hatchling build --target wheel \
    && /opt/carbon-lint/bin/pip install --no-deps --no-compile dist/*.whl \
    && /opt/carbon-lint/bin/pip uninstall --yes pip \
    && find /opt/carbon-lint \( -path '*/site-packages/*/tests' -o -path '*/pycountry/locales' -o -name include \) \
         -type d -prune -exec rm -rf {} + \
    && find /opt/carbon-lint \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) -delete \
    && /opt/carbon-lint/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/carbon-lint/lib
COPY entrypoint.py /opt/carbon-lint/

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
# tini reaps what a job leaves behind. git, without its 100 MB of Perl, reads the limits of a pull request's merge base;
# a job that fetches over the network installs the package in `setup`.
COPY --from=build /usr/bin/tini /usr/bin/git /usr/bin/
COPY --from=build /opt/carbon-lint /opt/carbon-lint
# Where the host's default runtime is NVIDIA's, these bring its GPUs and NVML in; elsewhere they do nothing.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONUNBUFFERED=1
# -I: the PYTHON* variables of the workflow, and modules in the workspace, are the job's and never ours. -u: -I ignores
# PYTHONUNBUFFERED, which is for the job.
RUN sed -i '1s|^#!.*|#!/opt/carbon-lint/bin/python -I|' /opt/carbon-lint/bin/carbon-lint \
    && ln -s /opt/carbon-lint/bin/carbon-lint /usr/local/bin/carbon-lint && carbon-lint --version && git --version
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/carbon-lint/bin/python", "-I", "-u", "/opt/carbon-lint/entrypoint.py"]
