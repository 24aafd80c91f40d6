// Reads and checks the certificate of an https server, and reloads it while the server runs.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createSecureContext, Server as TlsServer } from 'node:tls'
import type { Log } from './log.js'
import { firstLine, UserError } from './user-error.js'

/** The paths of certificate and key. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** The certificate and key of an https server. */
export interface TlsContext {
  readonly cert: string
  readonly key: string
  /** When the certificate expires. */
  readonly validTo: Date
}

/** The certificate of a running server. */
export class Certificate {
  private reload: (() => void) | undefined

  private constructor(
    private readonly files: TlsFiles,
    public context: TlsContext,
  ) {}

  /**
   * Reads the certificate, if one is configured.
   *
   * @throws UserError when certificate or key is missing, cannot be read, or does not match the other.
   */
  static of(cert: string | undefined, key: string | undefined): Certificate | undefined {
    const files = tlsFiles(cert, key)
    return files && new Certificate(files, readTls(files))
  }

  /**
   * Reloads the files at each SIGHUP; new connections get the new certificate. Files that cannot be read are logged
   * and ignored.
   */
  follow(server: Server, changed: (context: TlsContext) => void, log: Log): void {
    changed(this.context)
    this.reload = () => {
      try {
        this.context = readTls(this.files)
        if (server instanceof TlsServer) server.setSecureContext(this.context)
        changed(this.context)
        log.info({ validTo: this.context.validTo.toISOString() }, 'reloaded the certificate')
      } catch (error) {
        log.error({ err: error }, `cannot reload the certificate, kept the old one: ${firstLine(error)}`)
      }
    }
    process.on('SIGHUP', this.reload)
  }

  unfollow(): void {
    if (this.reload !== undefined) process.off('SIGHUP', this.reload)
  }
}

/** The configured paths, if any. */
function tlsFiles(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key }
  const [given, missing] = cert === undefined ? ['tlsKey', 'tlsCert'] : ['tlsCert', 'tlsKey']
  throw new UserError(`${given} is set but ${missing} is not: https needs the certificate and its key`)
}

/** Reads certificate and key. */
function readTls(files: TlsFiles): TlsContext {
  const cert = read('certificate', files.cert)
  const key = read('key', files.key)
  try {
    createSecureContext({ cert, key })
    return { cert, key, validTo: new Date(new X509Certificate(cert).validTo) }
  } catch (error) {
    throw new UserError(
      `${files.cert} and ${files.key} are not a certificate and its private key: ${firstLine(error)}`,
      {
        cause: error,
      },
    )
  }
}

function read(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`cannot read the ${what} ${path}: ${firstLine(error)}`, { cause: error })
  }
}
