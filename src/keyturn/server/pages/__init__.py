"""The browser pages: view models in, complete answers out.

A route fills one frozen view from `views` and hands it to `render.respond`. Nothing here reads a
clock, a request header or storage, and no page needs script.
"""
