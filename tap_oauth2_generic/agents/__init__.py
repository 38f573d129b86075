"""The tools of coding agents, over the Model Context Protocol.

They call what the commands call. Only the extra `[mcp]` brings what this folder imports.
"""
