// The conformance table: HTTP/1.1 over TLS.
import { conform } from './run.ts'

await conform('tls')
