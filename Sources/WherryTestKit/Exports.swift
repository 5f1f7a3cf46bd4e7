// One import is enough for a test: the servers come along.
@_exported public import WherryCluster
