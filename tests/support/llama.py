"""llama.cpp's own server with one model, for tests: prints its address, and serves until it is killed."""

import signal
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.api_keys = sys.argv[1], sys.argv[2:]
# Room for two of our questions at once, a token for each of their bytes.
params.n_ctx, params.n_parallel, params.port = 32768, 2, 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
signal.pause()
