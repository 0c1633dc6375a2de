/** What {@link serveTls} made. */
export interface TlsServer {
  /** Certificate of the authority that signed the server's, in PEM. */
  authority: string;
  /** One of an authority that signed nothing here. */
  otherAuthority: string;
}

/**
 * Gives PostgreSQL on a lab host a certificate by an authority of its own, and lets it take
 * encrypted connections only, over the network and the loopback.
 *
 * @param onHost runs a shell command there as root
 * @param name what the certificate is for: a name, or an address
 */
export async function serveTls(
  onHost: (command: string) => Promise<string>,
  name: string,
): Promise<TlsServer> {
  const data = "/var/lib/pgsql/data";
  const subject = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  const printed = await onHost(`
    set -e
    mkdir -p /root/ca && cd /root/ca
    for authority in ca other; do
      openssl req -x509 ${key} -days 2 -subj "/CN=$authority" -keyout $authority.key -out $authority.pem
    done
    openssl req ${key} -subj '/CN=a server' -keyout server.key -out server.csr
    printf 'subjectAltName=${subject}\\n' >extensions
    openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions -out server.crt
    install -o postgres -g postgres -m 0600 server.key server.crt ${data}
    echo 'ssl = on' >>${data}/postgresql.conf
    sed -i '/^host/d' ${data}/pg_hba.conf
    printf 'hostssl all all %s scram-sha-256\\n' 127.0.0.1/32 samenet >>${data}/pg_hba.conf
    systemctl restart postgresql >&2
    echo '=== ca'; cat ca.pem; echo '=== other'; cat other.pem`);
  const [, authority = "", otherAuthority = ""] =
    /=== ca\n([^]*)=== other\n([^]*)/.exec(printed) ?? [];
  return { authority, otherAuthority };
}
