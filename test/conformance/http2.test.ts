// The conformance table: HTTP/2 over TLS.
import { conform } from './run.ts'

await conform('http2')
