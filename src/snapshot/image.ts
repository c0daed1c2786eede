// What a captured interpreter is: bytes in one piece of shared memory, and what is told of them.
// No interpreter knowledge: who captures and who restores give `state` its meaning.

/** Bytes of a page as snapshots count them. A wasm page has sixteen. */
export const PAGE_BYTES = 4096

/** One capture of an interpreter at rest. Bytes in one SharedArrayBuffer, so all workers share it; nobody writes to it. */
export interface Image {
  /** Random, 32 hex digits: names this capture. */
  readonly id: string
  /** JSON the realm made: what its JavaScript side held (realm/snapshot.js). Opaque to the main thread. */
  readonly state: string
  /** What `wasgi snapshot inspect` shows. */
  readonly report: ImageReport
  /** Bytes of the wasm memory at capture; a multiple of 65,536. */
  readonly memoryBytes: number
  /** [first page, count] pairs of 4 KiB pages that are kept, ascending; every other page is zero. */
  readonly runs: Uint32Array<SharedArrayBuffer>
  /** The kept pages, one after the other. */
  readonly pages: Uint8Array<SharedArrayBuffer>
  /**
   * Contents of the in-memory files, one after the other; `state` says which is which. Behind them
   * what `code` describes.
   */
  readonly files: Uint8Array<SharedArrayBuffer>
  /** V8's code cache of scripts, by file name, as places in `files`. */
  readonly code: readonly CodePlace[]
}

/** Where the code cache of one script lies in `Image.files`. */
export interface CodePlace {
  readonly script: string
  readonly at: number
  readonly bytes: number
}

/** What a capture found, for people; a worker only takes the callable's name and the time from it. */
export interface ImageReport {
  /** ISO 8601. */
  readonly createdAt: string
  /** The application as the operator wrote it. */
  readonly target: string
  /** Name of the WSGI callable that was found. */
  readonly callable: string
  /** What was imported, largest first; bytes as measured by the allocator. */
  readonly modules: readonly { readonly name: string; readonly bytes: number }[]
  /** Passed variables that were read, and the line that did. Never a value. */
  readonly variables: readonly { readonly name: string; readonly where: string }[]
  /** Random numbers drawn, and the line that did. */
  readonly random: readonly { readonly where: string; readonly count: number }[]
  /** Guest paths of files that were open. */
  readonly openFiles: readonly string[]
  /** Guest paths of files that lie in the interpreter's own memory. */
  readonly inMemoryFiles: readonly { readonly path: string; readonly bytes: number }[]
  /** Warm-up requests that were made, as in `GET /`. */
  readonly warmup: readonly string[]
}

/** A host file that Python looked at during the capture. */
export interface Dependency {
  /** Host path. */
  readonly path: string
  /** `exists`: it was only asked whether there is one, and of which kind. */
  readonly kind: 'file' | 'folder' | 'absent' | 'exists'
}

/** The three arrays of an image. */
export type ImageArrays = Pick<Image, 'pages' | 'runs' | 'files'>

/**
 * Makes the arrays of an image, zeroed, as views of one SharedArrayBuffer: `pageCount` pages first,
 * then `runCount` pairs, then `fileBytes` bytes of files. Throws a RangeError when memory is short.
 */
export function allocateImage(pageCount: number, runCount: number, fileBytes: number): ImageArrays {
  const runsAt = pageCount * PAGE_BYTES
  const filesAt = runsAt + runCount * 2 * Uint32Array.BYTES_PER_ELEMENT
  const buffer = new SharedArrayBuffer(filesAt + fileBytes)
  return {
    pages: new Uint8Array(buffer, 0, runsAt),
    runs: new Uint32Array(buffer, runsAt, runCount * 2),
    files: new Uint8Array(buffer, filesAt, fileBytes)
  }
}
