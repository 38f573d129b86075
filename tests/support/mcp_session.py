"""The MCP server as a process, and the SDK's client for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.types import CallToolResult

PROGRAM = (sys.executable, "-m", "tap_oauth2_generic")


def with_session(
    work: Callable[[ClientSession], Awaitable[Any]], *options: str, program: Any = PROGRAM
) -> Any:
    """Start the server, and return what ``work`` returns of a session with it."""

    async def connect() -> Any:
        command, *arguments = [*program, "mcp", *options]
        server = StdioServerParameters(command=command, args=arguments, env={**os.environ})
        async with stdio_client(server) as streams, ClientSession(*streams) as session:
            await session.initialize()
            return await work(session)

    return anyio.run(connect)


def call(*calls: tuple[str, Any], options: Any = (), program: Any = PROGRAM) -> list[Any]:
    """Call tools, each a name and its arguments, in order."""

    async def work(session: ClientSession) -> list[CallToolResult]:
        return [await session.call_tool(name, arguments) for name, arguments in calls]

    found: list[Any] = with_session(work, *options, program=program)
    return found


def exchange(sent: bytes, responses: int, *options: str, **env: str) -> tuple[Any, list[Any], str]:
    """Send bytes to the server, close its stdin after some responses, and let it end.

    Return its exit status, the messages on stdout, and stderr.
    """
    command = [*PROGRAM, "mcp", *options]
    environment = {**os.environ, **env}
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, env=environment) as server:
        server.stdin.write(sent)
        server.stdin.flush()
        lines = [server.stdout.readline() for _ in range(responses)]
        rest, errors = server.communicate(timeout=60)
        lines += rest.splitlines()
        return server.returncode, [json.loads(one) for one in lines], errors.decode()
