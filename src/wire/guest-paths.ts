// Where Python sees what the host shows it, as far as more than one side must know.

/** The gateway's own package. */
export const GATEWAY_PATH = '/usr/lib/wasgi'
