# The command line, the web application and the server, on the CPU:
#     docker build -t molsearch .
#     docker run --rm -p 127.0.0.1:8501:8501 -v molsearch:/data molsearch
# For a CUDA device, name the wheels that PyTorch's site keeps for it, and give the container one:
#     docker build --build-arg CUDA=cu128 -t molsearch:cuda .
#     docker run --rm --gpus all -p 127.0.0.1:8501:8501 -v molsearch:/data molsearch:cuda
# With Ray, for the nodes of a cluster (deploy/kubernetes.yaml):
#     docker build --build-arg EXTRAS=server,cluster -t molsearch:cluster .
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG CUDA=cpu
ARG EXTRAS=server
WORKDIR /src
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY molsearch molsearch
COPY app app
COPY datasets datasets
COPY results results
RUN python -m venv /opt/molsearch \
    && /opt/molsearch/bin/python -m pip install --no-cache-dir -c constraints.txt \
        --extra-index-url "https://download.pytorch.org/whl/${CUDA}" ".[${EXTRAS}]"

FROM python:${PYTHON}-slim
# What RDKit's drawing is linked to.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 molsearch \
    && install -d -o molsearch -g molsearch /data
COPY --from=build /opt/molsearch /opt/molsearch
ENV PATH=/opt/molsearch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/data/cache \
    MOLSEARCH_RUNS=/data/runs \
    MOLSEARCH_ROOTS=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=6s --start-period=90s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5).close()"]
ENTRYPOINT ["molsearch"]
CMD ["app", "--no-browser", "--host", "0.0.0.0", "--port", "8501"]
