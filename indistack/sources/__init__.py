"""Where blobs come from: an INDI server, a folder, a list of files, Ekos' capture hook."""
