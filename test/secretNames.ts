/** Names by which a file looks like a secret, and others that everybody may see, each with its content. */
export const secretNames = [
  ...[".env", ".env.production", "deploy/id_rsa", "server.pem", "ssl/site.key"],
  ...["credentials.json", "secret_key.txt", "keys/Team.P12", "service-account-prod.json"],
];
export const openFiles: Readonly<Record<string, string>> = {
  ".env.example": "x",
  "authorities.pem": "-----BEGIN CERTIFICATE-----\n",
  "slides.key": "PK\x03\x04",
  "credentials.py": "x",
  "id_rsa.pub": "x",
  ".environment": "x",
};
