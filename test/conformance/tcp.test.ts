// The conformance table: HTTP/1.1 over TCP.
import { conform } from './run.ts'

await conform('tcp')
