"""The embedded library on disk: manifest, shards, writer, reader, verify."""
