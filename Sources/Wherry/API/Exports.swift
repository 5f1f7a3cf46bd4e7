// What an application needs besides the client, so that one import is enough: jobs and their errors, SQL and rows, tokens, loggers.
@_exported public import Logging
@_exported public import WherryCore
@_exported public import WherryJobs
@_exported public import WherryPostgres
