// The conformance table: HTTP/1.1 over TCP, the interpreter in the main thread.
import { conform } from './run.ts'

await conform('embedded')
