// Every row of the tables of directives: what a configuration with it is imported as.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Apache look like that

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keyOf, optionNames, scopeOf } from '../../src/config/schema.ts'
import { APACHE_DIRECTIVES } from '../../src/import-config/apache-directives.ts'
import { DAEMON_OPTIONS } from '../../src/import-config/daemon-options.ts'
import { DIRECTIVES } from '../../src/import-config/directives.ts'
import type { Fate, Row } from '../../src/import-config/fit.ts'
import { groupsOf, importText, mountsOf, plainTable } from './import-fixtures.ts'

const test = suite('imported directives')

/** A line, what becomes of it, and, if it is written, where: option and value. */
type Case = readonly [line: string, fate: Fate, key?: string, value?: unknown]

const SITE = 'WSGIScriptAlias / /srv/shop/shop/wsgi.py'
const AUTH = 'WSGIAuthUserScript /srv/auth.py'
const GROUPS = 'WSGIAuthGroupScript /srv/groups.py'

const CASES: readonly Case[] = [
  ['WSGIAcceptMutex default', 'not applicable'],
  [
    'WSGIAccessScript hooks/access.py application-group=a',
    'mapped',
    'access_script',
    '/etc/apache2/hooks/access.py'
  ],
  ['WSGIApplicationGroup shop', 'mapped', 'application_group', 'shop'],
  ['WSGIApplicationGroup %{GLOBAL}', 'mapped', 'application_group', '%{GLOBAL}'],
  ['WSGIApplicationGroup %{ENV:x}', 'by hand'],
  [`${GROUPS}\nRequire wsgi-group a\n${AUTH}`, 'mapped', 'auth_group_script', '/srv/groups.py'],
  [GROUPS, 'left out'],
  [AUTH, 'mapped', 'auth_user_script', '/srv/auth.py'],
  ['WSGICallableObject app', 'mapped', 'app', '/srv/shop/shop/wsgi.py:app'],
  ['WSGICaseSensitivity On', 'not applicable'],
  ['WSGIChunkedRequest Off', 'not applicable'],
  ['WSGIDestroyInterpreter Off', 'not applicable'],
  ['WSGIDispatchScript /srv/dispatch.py', 'mapped', 'dispatch_script', '/srv/dispatch.py'],
  ['WSGIDontWriteBytecode On', 'mapped', 'env.PYTHONDONTWRITEBYTECODE', '1'],
  ['WSGIEnableSendfile On', 'not applicable'],
  ['WSGIErrorOverride On', 'not applicable'],
  ['WSGIFreeThreading On', 'not applicable'],
  ['WSGIGroupAuthoritative On', 'not applicable'],
  ['WSGIHandlerScript my-handler /srv/handler.py', 'by hand'],
  ['WSGIIgnoreActivity On', 'not applicable'],
  [
    'WSGIImportScript /srv/shop/shop/wsgi.py process-group=%{GLOBAL} application-group=%{GLOBAL}',
    'mapped'
  ],
  ['WSGIImportScript /srv/warm.py process-group=%{GLOBAL} application-group=%{GLOBAL}', 'by hand'],
  ['WSGILazyInitialization On', 'mapped', 'lazy_initialization', true],
  ['WSGIMapHEADToGET On', 'not applicable'],
  ['WSGINewRelicConfigFile a', 'not applicable'],
  ['WSGINewRelicEnvironment a', 'not applicable'],
  ['WSGIPassApacheRequest On', 'not applicable'],
  ['WSGIPerInterpreterGIL On', 'not applicable'],
  ['WSGIPy3kWarningFlag On', 'not applicable'],
  ['WSGIPythonEggs /srv/eggs', 'not applicable'],
  ['WSGIPythonHashSeed 7', 'mapped', 'env.PYTHONHASHSEED', '7'],
  ['WSGIPythonHashSeed random', 'adapted'],
  [
    'WSGIPythonHome /srv/venv',
    'adapted',
    'python_path',
    ['/srv/venv/lib/python3.14/site-packages']
  ],
  ['WSGIPythonHome /srv/none', 'by hand'],
  ['WSGIPythonOptimize 2', 'mapped', 'env.PYTHONOPTIMIZE', '2'],
  ['WSGIPythonOptimize 0', 'mapped'],
  ['WSGIPythonPath /srv/lib:/srv/more', 'adapted', 'python_path', ['/srv/lib', '/srv/more']],
  ['WSGIPythonWarnings error', 'mapped', 'env.PYTHONWARNINGS', 'error'],
  ['WSGIProcessGroup %{GLOBAL}', 'adapted', 'process_group', 'default'],
  ['WSGIProcessGroup %{ENV:x}', 'by hand'],
  ['WSGIRestrictEmbedded On', 'mapped', 'restrict_embedded', true],
  ['WSGIRestrictProcess a b', 'not applicable'],
  ['WSGIRestrictSignal Off', 'not applicable'],
  ['WSGIRestrictStdin On', 'not applicable'],
  ['WSGIRestrictStdout On', 'not applicable'],
  ['WSGIScriptAliasMatch ^/api(/.*)?$ /srv/api/api.wsgi', 'adapted', 'path', '/api'],
  ['WSGIScriptAliasMatch ^/(.*)\\.py /srv/$1.wsgi', 'by hand'],
  ['WSGIScriptReloading Off', 'mapped', 'script_reloading', false],
  ['WSGIServerMetrics On', 'not applicable'],
  ['WSGISlowRequests 2', 'mapped', 'slow_requests', '2s'],
  ['WSGISocketPrefix /run/wsgi', 'not applicable'],
  ['WSGISocketRotation Off', 'not applicable'],
  ['WSGISwitchInterval 0.01', 'not applicable'],
  ['WSGITelemetryOptions +CaptureUserAgent', 'not applicable'],
  ['WSGITelemetryService unix:/run/t', 'not applicable'],
  [
    'WSGITrustedProxies 10.0.0.0/8 ::1\nWSGITrustedProxyHeaders X-Forwarded-For',
    'mapped',
    'trusted_proxies',
    ['10.0.0.0/8', '::1']
  ],
  ['WSGITrustedProxies 10.0.0.0/8', 'by hand'],
  [
    'WSGITrustedProxyHeaders X-Forwarded-For X-Forwarded-Proto\nWSGITrustedProxies 10.1.2.3',
    'mapped',
    'trusted_proxy_headers',
    ['X-Forwarded-For', 'X-Forwarded-Proto']
  ],
  ['WSGITrustedProxyHeaders X-Forwarded-For', 'by hand'],
  ['WSGIUserAuthoritative Off', 'not applicable'],
  ['WSGIVerboseDebugging On', 'not applicable'],
  ['WSGINonsense On', 'by hand'],
  ['wsgislowrequests "2"', 'mapped', 'slow_requests', '2s'],
  ['KeepAliveTimeout soon', 'by hand'],
  ['WSGISlowRequests ${SOON}', 'by hand'],

  ['Listen 8080', 'adapted', 'port', 8080],
  ['Listen 127.0.0.1:8080', 'mapped', 'host', '127.0.0.1'],
  ['Listen [::1]:8080 https', 'mapped', 'host', '::1'],
  ['Listen nowhere', 'by hand'],
  ['ServerName shop.example.org', 'not applicable'],
  ['ServerAlias shop', 'not applicable'],
  ['SSLEngine on\nSSLCertificateFile a.pem', 'mapped', 'key', '/etc/apache2/a.pem'],
  ['SSLEngine on', 'by hand'],
  ['SSLCertificateFile ssl/a.pem\nSSLEngine on', 'mapped', 'certificate', '/etc/apache2/ssl/a.pem'],
  ['SSLCertificateFile a.pem', 'left out'],
  ['SSLCertificateKeyFile a.key\nSSLEngine on', 'left out'],
  [
    'SSLCertificateKeyFile a.key\nSSLEngine on\nSSLCertificateFile a.pem',
    'mapped',
    'key',
    '/etc/apache2/a.key'
  ],
  ['SSLCertificateChainFile a.chain', 'by hand'],
  ['Protocols h2 http/1.1\nSSLEngine on\nSSLCertificateFile a.pem', 'mapped', 'http2', true],
  ['Protocols h2c http/1.1', 'adapted'],
  ['KeepAliveTimeout 3', 'mapped', 'keep_alive_timeout', '3s'],
  ['KeepAliveTimeout 300ms', 'mapped', 'keep_alive_timeout', '300ms'],
  ['LimitRequestLine 4000', 'mapped', 'request_line_limit', 4000],
  ['LimitRequestFields 50', 'mapped', 'header_count_limit', 50],
  ['LimitRequestFieldSize 8190', 'adapted'],
  ['LimitRequestFieldSize 32768', 'adapted', 'header_limit', 32768],
  ['LimitRequestBody 102400', 'mapped', 'body_limit', 102400],
  ['LimitRequestBody 0', 'mapped', 'body_limit', Number.MAX_SAFE_INTEGER],
  ['Timeout 60', 'adapted', 'body_timeout', '60s'],
  ['LogLevel warn wsgi:info', 'adapted', 'log_level', 'warn'],
  ['LogLevel trace3', 'adapted', 'log_level', 'trace'],
  ['SetEnv STAGE live', 'by hand', 'env.STAGE', 'live'],
  ['PassEnv HOME', 'by hand'],
  ['Require all granted', 'mapped'],
  ['Require ip 10.0.0.0/8', 'by hand'],
  ['Require valid-user', 'by hand'],
  [
    `Require wsgi-group staff admins\n${AUTH}\n${GROUPS}`,
    'mapped',
    'require_group',
    ['staff', 'admins']
  ],
  ['AuthType Digest', 'mapped', 'auth_type', 'digest'],
  ['AuthName "Back office"', 'mapped', 'auth_realm', 'Back office'],
  ['AuthUserFile /etc/passwords', 'by hand'],
  ['Allow from all', 'mapped'],
  ['Allow from 10.0.0.1', 'by hand'],
  ['Deny from all', 'by hand'],
  ['AuthBasicProvider wsgi', 'not applicable'],
  ['AuthBasicProvider file wsgi', 'by hand'],
  ['AuthDigestProvider wsgi', 'not applicable'],
  ['AuthDigestProvider file', 'by hand'],
  ['AuthMerging Off', 'not applicable'],
  ['AuthMerging And', 'by hand'],
  ['SSLVerifyClient none', 'not applicable'],
  ['SSLVerifyClient require', 'by hand'],
  ['SSLRequire %{SSL_CIPHER} !~ m/^EXP/', 'by hand'],
  ['SSLRequireSSL', 'by hand'],
  ['SSLRequireSSL\nSSLEngine on\nSSLCertificateFile a.pem', 'not applicable'],
  ['Satisfy All', 'not applicable'],
  ['Satisfy Any', 'by hand'],
  ['Order deny,allow', 'not applicable'],
  ['Order Allow,Deny', 'by hand'],
  ['Order Allow,Deny\nAllow from all', 'not applicable'],
  ['AllowMethods reset', 'not applicable'],
  ['AllowMethods GET', 'by hand'],
  ['Alias /static /srv/static', 'not applicable'],
  ['AliasMatch ^/x /srv/x', 'not applicable'],
  ['DocumentRoot /srv/www', 'not applicable'],
  ['ErrorDocument 500 /oops', 'not applicable'],
  ['Header set X-Frame-Options DENY', 'not applicable'],
  ['RequestHeader unset Proxy', 'not applicable'],
  ['RequestHeader unset X-Remote-User', 'by hand'],
  ['ProxyPass /api http://127.0.0.1:1', 'not applicable'],
  ['Redirect /old /new', 'not applicable'],
  ['Redirect 403 /private', 'by hand'],
  ['RedirectMatch ^/old$ /new', 'not applicable'],
  ['RedirectMatch gone ^/old', 'by hand'],
  ['RewriteRule ^ /x', 'not applicable'],
  ['RewriteRule ^/old /new [R=301,L]', 'not applicable'],
  ['RewriteRule ^/private - [F]', 'by hand'],
  ['RewriteRule ^/private - [NC,F,L]', 'by hand'],
  ['RewriteRule ^/old - [L,G]', 'by hand'],
  ['CustomLog /var/log/a combined', 'not applicable'],
  ['ErrorLog ${APACHE_LOG_DIR}/error.log', 'not applicable'],
  ['Use Site', 'by hand']
]

/** Options of WSGIDaemonProcess; their key is one of the group's. */
const DAEMON: readonly Case[] = [
  ['processes=3', 'adapted', 'workers', 3],
  ['threads=1', 'mapped', 'workers', 1],
  ['threads=15', 'adapted'],
  ['threads=0', 'by hand'],
  ["display-name='%{GROUP}'", 'not applicable'],
  ['home=/srv/shop', 'adapted', 'root', '/srv/shop'],
  ['home=/var/empty', 'not applicable'],
  ['user=www-data', 'not applicable'],
  ['group=www-data', 'not applicable'],
  ['supplementary-groups=a,b', 'not applicable'],
  ['umask=0022', 'not applicable'],
  ['chroot=/srv', 'not applicable'],
  ['script-user=a', 'not applicable'],
  ['script-group=a', 'not applicable'],
  ['lang=de_DE.UTF-8', 'mapped', 'env.LANG', 'de_DE.UTF-8'],
  ["locale='C.UTF-8'", 'mapped', 'env.LC_ALL', 'C.UTF-8'],
  ['python-home=/srv/venv', 'adapted', 'python_path', ['/srv/venv/lib/python3.14/site-packages']],
  ['python-path=/srv/lib', 'adapted', 'python_path', ['/srv/lib']],
  ['python-path=/srv/shop', 'adapted', 'root', '/srv/shop'],
  ['python-path=/srv/shop:/srv/lib', 'adapted', 'python_path', ['/srv/lib']],
  ['python-eggs=/tmp', 'not applicable'],
  ['newrelic-config-file=/etc/newrelic.ini', 'not applicable'],
  ['newrelic-environment=production', 'not applicable'],
  ['switch-interval=0.1', 'not applicable'],
  ['restart-interval=3600', 'mapped', 'restart_interval', '3600s'],
  ['maximum-requests=1000', 'mapped', 'maximum_requests', 1000],
  ['inactivity-timeout=60', 'mapped', 'inactivity_timeout', '60s'],
  ['request-timeout=30', 'mapped', 'request_timeout', '30s'],
  ['request-timeout=-1', 'by hand'],
  ['interrupt-timeout=5', 'mapped', 'interrupt_timeout', '5s'],
  ['deadlock-timeout=60', 'mapped', 'deadlock_timeout', '60s'],
  ['startup-timeout=15', 'mapped', 'startup_timeout', '15s'],
  ['startup-timeout=0', 'adapted'],
  ['memory-limit=0', 'adapted'],
  ['response-buffer-size=0', 'adapted'],
  ['graceful-timeout=15', 'mapped', 'graceful_timeout', '15s'],
  ['eviction-timeout=15', 'not applicable'],
  ['shutdown-timeout=5', 'mapped', 'shutdown_timeout', '5s'],
  ['connect-timeout=15', 'not applicable'],
  ['socket-timeout=60', 'not applicable'],
  ['response-socket-timeout=60', 'not applicable'],
  ['queue-timeout=45', 'mapped', 'queue_timeout', '45s'],
  ['listen-backlog=100', 'adapted', 'queue_limit', 100],
  ['cpu-time-limit=600', 'mapped', 'cpu_time_limit', '600s'],
  ['memory-limit=268435456', 'adapted', 'memory_limit', 268435456],
  ['memory-limit=1000', 'by hand'],
  ['virtual-memory-limit=1000000000', 'not applicable'],
  ['stack-size=524288', 'not applicable'],
  ['receive-buffer-size=1', 'not applicable'],
  ['send-buffer-size=1', 'not applicable'],
  ['socket-user=root', 'not applicable'],
  ['cpu-priority=1', 'not applicable'],
  ['header-buffer-size=65536', 'not applicable'],
  ['response-buffer-size=1048576', 'adapted', 'response_window', 1048576],
  ['response-flush-delay=5', 'not applicable'],
  ['server-metrics=on', 'not applicable'],
  ['nonsense=1', 'by hand']
]

const FILES = { '/srv/venv/lib/python3.14/site-packages/x.py': '' }

/** What is expected in a version without the option. */
function expected(fate: Fate, key: string | undefined): Fate {
  const isOption = key !== undefined && !/^env\.|^(app|path)$/.test(key)
  const known = optionNames('command').some((name) => keyOf(name) === key)
  return isOption && !known ? 'not yet' : fate
}

function valueAt(imported: ReturnType<typeof importText>, key: string): unknown {
  const tables = [
    plainTable(imported.draft.top),
    ...Object.values(groupsOf(imported)),
    ...mountsOf(imported)
  ]
  const found = tables.map((table) => {
    const { env = {}, ...values } = table as Record<string, unknown>
    if (key.startsWith('env.')) return (env as Record<string, unknown>)[key.slice(4)]
    return values[key]
  })
  return found.find((value) => value !== undefined)
}

for (const [line, fate, key, value] of CASES) {
  test(`${line.replaceAll('\n', ' / ')}: ${fate}`, () => {
    const imported = importText(`${line}\n${SITE}\n`, { files: FILES })

    const note = imported.draft.notes.find(({ place }) => place.line === 1)
    assert.is(note?.fate, expected(fate, key), note?.text)
    const written = note?.fate === 'not yet' ? undefined : value
    if (key !== undefined) assert.equal(valueAt(imported, key), written)
  })
}

for (const [option, fate, key, value] of DAEMON) {
  test(`WSGIDaemonProcess ${option}: ${fate}`, () => {
    const text = `WSGIDaemonProcess shop ${option}\nWSGIProcessGroup shop\n${SITE}\n`
    const imported = importText(text, { files: FILES })

    const note = imported.draft.notes.find(({ subject }) =>
      subject.startsWith('WSGIDaemonProcess shop ')
    )
    assert.is(note?.fate, expected(fate, key), note?.text)
    const written = note?.fate === 'not yet' ? undefined : value
    if (key !== undefined) assert.equal(valueAt(imported, key), written)
  })
}

/** Have tests of their own, in import-config.test.ts. */
const ELSEWHERE = [
  'WSGIDaemonProcess',
  'WSGIScriptAlias',
  'WSGIInterpreterOptions',
  'WSGIPassAuthorization'
]

function uncovered(rows: readonly Row[], names: readonly string[]): string[] {
  return rows.map(({ name }) => name).filter((name) => !names.includes(name))
}

test('every row of the tables has a case here', () => {
  const firsts = CASES.flatMap(([line]) => line.split('\n')).map((line) => line.split(' ')[0] ?? '')
  const options = DAEMON.map(([option]) => option.split('=')[0] ?? '')

  assert.equal(uncovered(DIRECTIVES, [...firsts, ...ELSEWHERE]), [])
  assert.equal(uncovered(APACHE_DIRECTIVES, firsts), [])
  assert.equal(uncovered(DAEMON_OPTIONS, options), [])
})

test('a row that is mapped or adapted names an option, and one of its place', () => {
  for (const { fit, rule, name } of [...DIRECTIVES, ...APACHE_DIRECTIVES, ...DAEMON_OPTIONS]) {
    if (fit === 'not applicable') assert.is(rule.to, 'none', name)
    else assert.is.not(rule.to, 'none', name)
    if (rule.to !== 'group') continue
    const option = optionNames('command').find((each) => keyOf(each) === rule.key)
    if (option !== undefined) assert.is(scopeOf(option), 'group', name)
  }
})

test('each directive that mod_wsgi documents is in the table, once', () => {
  const names = DIRECTIVES.map(({ name }) => name)
  assert.equal(names, [...new Set(names)].sort())
  // 47 that are documented, 2 that are only parsed, 5 that were removed.
  assert.is(names.length, 54)
})

test.run()
