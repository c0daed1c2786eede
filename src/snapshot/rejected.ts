// Why a stored snapshot is not used, or a new one is not stored. Neither keeps a server from
// serving: who catches one of these logs it and goes on without.

import { type ErrorCode, WasgiError, type WasgiErrorOptions } from '../errors.ts'

/** Why a snapshot is not restored. */
export type RejectionCode = Extract<
  ErrorCode,
  | 'WASGI_ERR_SNAPSHOT_CORRUPT'
  | 'WASGI_ERR_SNAPSHOT_VERSION'
  | 'WASGI_ERR_SNAPSHOT_STALE'
  | 'WASGI_ERR_SNAPSHOT_FOREIGN'
>

/** A stored snapshot that must not be restored. */
export class SnapshotRejected extends WasgiError {
  declare readonly code: RejectionCode
  /** The part of the message that says why. */
  readonly reason: string

  /** `name` is the snapshot's path, or its key where there is no file. */
  constructor(code: RejectionCode, name: string, reason: string, options: WasgiErrorOptions = {}) {
    super(code, [name, reason], options)
    this.reason = reason
  }
}

/** A snapshot that could not be stored. Nothing half-written is left behind. */
export class SnapshotUnsaved extends WasgiError {
  /** The part of the message that says why. */
  readonly reason: string

  constructor(reason: string, options: WasgiErrorOptions = {}) {
    super('WASGI_ERR_SNAPSHOT_UNSAVED', [reason], options)
    this.reason = reason
  }
}

/** The `code` of an error of the operating system; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
