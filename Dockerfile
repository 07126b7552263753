# sro-apply for a cluster: `sro-apply manifests` prints what runs this image.
#
#   docker build -t registry.example.com/sro-apply:VERSION .
FROM docker.io/library/python:3.13-slim AS build

WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY sro_render sro_render
COPY sro_apply sro_apply
RUN ["python", "-m", "venv", "/opt/sro"]
RUN ["/opt/sro/bin/pip", "install", "--no-cache-dir", ".[apply]"]

FROM docker.io/library/python:3.13-slim

# Sources of the form git+https://… and git+ssh://….
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/sro /opt/sro

# A number, so that a cluster can see that it is not root. OpenShift takes one of its own: nothing is this user's.
USER 65532:0
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 8080
ENTRYPOINT ["/opt/sro/bin/sro-apply"]
CMD ["--help"]
