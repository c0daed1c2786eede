// Where it listens, and whom it believes. Part of the schema; see ../schema.ts for what each field means.

export const LISTENING_OPTIONS = {
  host: {
    kind: 'text',
    schema: { type: 'string', minLength: 1, pattern: '^[^\\s/\\[\\]]+$' },
    surfaces: ['command'],
    default: '127.0.0.1',
    heading: 'Listening',
    placeholder: 'ADDRESS',
    expected: 'a host name or an IP address (IPv6 without brackets)',
    text: 'The address to listen on. 0.0.0.0 or :: is every address of this machine.'
  },
  port: {
    kind: 'integer',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
    surfaces: ['command'],
    default: 8000,
    heading: 'Listening',
    placeholder: 'NUMBER',
    text: 'The TCP port to listen on; 0 picks a free one.'
  },
  uds: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    heading: 'Listening',
    placeholder: 'PATH',
    text: 'A Unix domain socket to listen on, instead of a host and port.'
  },
  certificate: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    heading: 'Listening',
    placeholder: 'FILE',
    text: 'A file with the TLS certificate and its chain, in PEM form. With it, and key, the server speaks HTTPS.'
  },
  key: {
    kind: 'path',
    schema: { type: 'string', minLength: 1 },
    surfaces: ['command'],
    heading: 'Listening',
    placeholder: 'FILE',
    text: "A file with the certificate's private key, in PEM form."
  },
  http2: {
    kind: 'flag',
    schema: { type: 'boolean' },
    surfaces: ['command'],
    default: false,
    heading: 'Listening',
    text: 'Offers HTTP/2 to clients that connect by TLS; others still speak HTTP/1.1.'
  },
  trustedProxies: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Listening',
    placeholder: 'ADDRESS',
    expected: 'a list of IP addresses, networks such as 10.0.0.0/8, "unix", or "*"',
    text: 'A proxy whose trusted_proxy_headers are believed: an IP address, a network such as 10.0.0.0/8, unix for the peers of a Unix socket, or * for everyone. May be repeated.'
  },
  trustedProxyHeaders: {
    kind: 'texts',
    schema: { type: 'array', items: { type: 'string', minLength: 1 } },
    surfaces: ['command', 'plugin'],
    heading: 'Listening',
    placeholder: 'NAME',
    expected: 'a list of names such as X-Forwarded-For',
    text: 'A header in which trusted_proxies tell of the client, such as X-Forwarded-For; from anybody else it is removed. May be repeated.'
  },
  keepAliveTimeout: {
    kind: 'duration',
    schema: { type: 'integer', minimum: 1, maximum: 2_145_600_000 },
    surfaces: ['command'],
    default: '5s',
    heading: 'Listening',
    placeholder: 'DURATION',
    text: 'How long a connection may be idle between two requests before it is closed.'
  }
} as const
