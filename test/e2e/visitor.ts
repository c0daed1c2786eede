// A visitor of a website: keeps cookies, follows redirects, fills in forms. No JavaScript.
import { fetchRaw, type Reply } from '../serve.ts'

export class Visitor {
  readonly #url: string
  readonly #cookies = new Map<string, string>()

  constructor(url: string) {
    this.#url = url
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  /** One request, without following redirects. */
  async request(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {}
  ): Promise<Reply> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...options.headers, ...(cookie === '' ? {} : { cookie }) }
    const reply = await fetchRaw(this.#url, path, { ...options, headers })
    for (const line of reply.headers['set-cookie'] ?? []) this.#keep(line)
    return reply
  }

  /** Opens a page, wherever it redirects to. */
  async visit(path: string): Promise<Reply> {
    return this.#follow(await this.request(path))
  }

  /** Opens the page at `path` and sends its form, hidden fields included. */
  async fill(path: string, fields: Record<string, string>): Promise<Reply> {
    const page = await this.visit(path)
    return this.#follow(await this.send(path, { ...hiddenFields(page.text), ...fields }))
  }

  /** Sends form fields, without following redirects. */
  send(path: string, fields: Record<string, string>): Promise<Reply> {
    return this.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString()
    })
  }

  async #follow(reply: Reply): Promise<Reply> {
    for (let left = 5; reply.status >= 300 && reply.status < 400 && left > 0; left--) {
      const { pathname, search } = new URL(String(reply.headers.location), this.#url)
      reply = await this.request(pathname + search)
    }
    return reply
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/; *max-age=0(?:;|$)/i.test(line)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

function hiddenFields(html: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [, name = '', value = ''] of html.matchAll(
    /<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g
  )) {
    fields[name] = value
  }
  return fields
}
