// What a worker's code needs besides `Worker`, so that one import is enough.
@_exported public import WherryCore
@_exported public import WherryJobs
@_exported public import WherryPostgres
