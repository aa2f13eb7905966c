#!/usr/bin/env python3
"""Passes bytes between 127.0.0.1:LISTEN and 127.0.0.1:TO. A test kills it to have an upstream die at once,
all connections with it, while the simulator behind it keeps its bill."""
import asyncio
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        writer.transport.abort()


async def main(listen, to):
    async def serve(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", to)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        writer.close()
        there[1].close()

    server = await asyncio.start_server(serve, "127.0.0.1", listen, backlog=1024, reuse_address=True)
    print(f"relay on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
