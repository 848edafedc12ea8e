"""Blocks of a shard without room on its device: each is sent while the one before is scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from molsearch.index.reader import IndexReader
from molsearch.search.engine.resident import Block, host_block, moved

Chunk = tuple[int, int]


def streamed(
    reader: IndexReader,
    shard: int,
    chunks: Sequence[Chunk],
    device: torch.device,
    *,
    prints: bool,
) -> Iterator[tuple[Chunk, Block]]:
    """Yield chunks of rows with what they hold, on the device.

    One thread reads from the disk and sends the next block, on a stream of its own, so that
    reading, sending and scoring go on at once. Two blocks are on the device at a time.
    """
    stream = _stream(device)

    def load(chunk: Chunk) -> tuple[Block, Block]:
        on_host = host_block(reader, shard, *chunk, prints=prints, pinned=stream is not None)
        if stream is None:
            return on_host, moved(on_host, device)
        with torch.cuda.stream(stream):
            sent = moved(on_host, device)
        stream.synchronize()  # in this thread: the scoring one does not wait
        return on_host, sent

    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(load, chunks[0]) if chunks else None
        for number, chunk in enumerate(chunks):
            assert coming is not None
            _, block = coming.result()
            if number + 1 < len(chunks):
                coming = ahead.submit(load, chunks[number + 1])
            _used_here(block, stream)
            yield chunk, block


def _stream(device: torch.device) -> torch.cuda.Stream | None:
    if device.type != "cuda":
        return None
    made: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return made


def _used_here(block: Block, stream: torch.cuda.Stream | None) -> None:
    """Keep a block's memory until the scoring stream, too, is done with it."""
    if stream is None:
        return
    current = torch.cuda.current_stream(block.vectors.device)
    for tensor in (block.vectors, block.scale, block.prints):
        if tensor is not None:
            tensor.record_stream(current)
