// The conformance table: HTTP/1.0 over TCP.
import { conform } from './run.ts'

await conform('http10')
