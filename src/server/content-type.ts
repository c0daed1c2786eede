// Which Content-Type fields Fastify can surely read. It refuses requests with others, and gives
// responses with others a type of its own choice; to WSGI a Content-Type is only text.

const SIMPLE_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:; ?[\w-]+=[\w.-]+)*$/

/** RFC 9110, 8.3.1, without quoted parameters. False only means: not surely. */
export function isSimpleContentType(type: string): boolean {
  return SIMPLE_TYPE.test(type)
}
