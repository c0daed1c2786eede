// The directives of Apache itself without which the WSGI* ones would not have the same effect, and what becomes of
// them. Directives in neither table are only named at the end of the report.

import { none, own, type Row } from './fit.ts'

const STATIC =
  'Only applications are served: files are for a proxy in front, or for the application (WhiteNoise).'
const FRONT = 'Belongs to a proxy in front, or to the application.'
const ACCESS =
  'Who may ask is decided by access_script and auth_user_script here, or by a proxy in front.'

export const APACHE_DIRECTIVES: readonly Row[] = [
  own(
    'Listen',
    'adapted',
    ['host', 'port'],
    'A server has one listener: that of the virtual host, or else the first.'
  ),
  none(
    'ServerName',
    "SERVER_NAME is what the client's Host header says; names only choose a virtual host while importing."
  ),
  none('ServerAlias', 'Names only choose a virtual host while importing.'),
  own('SSLEngine', 'mapped', ['certificate', 'key'], ''),
  own(
    'SSLCertificateFile',
    'mapped',
    ['certificate'],
    'The key is looked for in it, too, if there is no SSLCertificateKeyFile.'
  ),
  own('SSLCertificateKeyFile', 'mapped', ['key'], ''),
  own(
    'SSLCertificateChainFile',
    'adapted',
    ['certificate'],
    'The chain has to be in the file of the certificate, below it.'
  ),
  own(
    'Protocols',
    'adapted',
    ['http2'],
    'h2 turns HTTP/2 on where there is TLS; h2c is not spoken.'
  ),
  {
    name: 'KeepAliveTimeout',
    fit: 'mapped',
    rule: { to: 'top', key: 'keep_alive_timeout', reading: 'seconds' },
    text: ''
  },
  {
    name: 'LimitRequestLine',
    fit: 'mapped',
    rule: { to: 'top', key: 'request_line_limit', reading: 'bytes' },
    text: ''
  },
  {
    name: 'LimitRequestFields',
    fit: 'mapped',
    rule: { to: 'top', key: 'header_count_limit', reading: 'integer' },
    text: ''
  },
  own(
    'LimitRequestFieldSize',
    'adapted',
    ['header_limit'],
    'There is one limit for all header lines together: written if one line alone may be longer than its default.'
  ),
  own(
    'LimitRequestBody',
    'mapped',
    ['body_limit'],
    '0, no limit, becomes the largest number there is.'
  ),
  {
    name: 'Timeout',
    fit: 'adapted',
    rule: { to: 'top', key: 'body_timeout', reading: 'seconds' },
    text: 'How long a request body may stand still.'
  },
  {
    name: 'LogLevel',
    fit: 'adapted',
    rule: { to: 'own', keys: ['log_level'] },
    text: 'Of the whole server; levels of single modules do not count.'
  },
  own(
    'SetEnv',
    'adapted',
    ['env'],
    "mod_wsgi puts it into each request's environ, env into os.environ: change what reads it. It is written, and needs your hand."
  ),
  none(
    'PassEnv',
    'An application never sees the environment of the server: give it the value with env or env_file. Needs your hand.'
  ),
  own(
    'Require',
    'adapted',
    ['require_group'],
    `"wsgi-group" and "valid-user" belong to auth scripts. ${ACCESS} Anything but "all granted" needs your hand.`
  ),
  own('AuthType', 'mapped', ['auth_type'], ''),
  own('AuthName', 'mapped', ['auth_realm'], ''),
  none('AuthUserFile', `${ACCESS} Needs your hand.`),
  none(
    'AuthBasicProvider',
    'auth_user_script alone knows users. Anything but "wsgi" needs your hand.'
  ),
  none(
    'AuthDigestProvider',
    'auth_user_script alone knows users. Anything but "wsgi" needs your hand.'
  ),
  none(
    'AuthMerging',
    'Of what is required in several sections the last one counts, as without it. Anything but "Off" needs your hand.'
  ),
  none('SSLVerifyClient', `${FRONT} Anything but "none" needs your hand.`),
  none('SSLRequire', `${FRONT} Needs your hand.`),
  none(
    'SSLRequireSSL',
    'With a certificate, TLS is all that is spoken; without one it needs your hand.'
  ),
  none('Satisfy', 'All hooks have to consent, as with "All". "Any" needs your hand.'),
  none(
    'Order',
    `${ACCESS} "Allow,Deny" needs your hand, unless "Allow from all" stands beside it.`
  ),
  none('AllowMethods', `${FRONT} Anything but "reset" needs your hand.`),
  none('Allow', `${ACCESS} Needs your hand, unless it is "from all".`),
  none('Deny', `${ACCESS} Needs your hand.`),
  none('Alias', STATIC),
  none('AliasMatch', STATIC),
  none('DocumentRoot', STATIC),
  none(
    'ErrorDocument',
    'Error pages of the server are plain; those of an application are its own.'
  ),
  none('Header', FRONT),
  none('RequestHeader', `${FRONT} Anything but "unset Proxy" needs your hand.`),
  none('ProxyPass', FRONT),
  none('Redirect', `${FRONT} One that refuses, with a status of 400 or more, needs your hand.`),
  none(
    'RedirectMatch',
    `${FRONT} One that refuses, with a status of 400 or more, needs your hand.`
  ),
  none('RewriteRule', `${FRONT} One that refuses, with [F] or [G], needs your hand.`),
  none(
    'CustomLog',
    'The access log goes to standard error in the combined format, unless access_log, access_log_format or access_log_file say otherwise.'
  ),
  none('ErrorLog', 'The log goes to standard error, unless log_file says otherwise.'),
  none('Use', 'Macros are not expanded: put what it stands for in its place. Needs your hand.')
]
