import { utils } from "ssh2";
import { parsePublicKey } from "../../../host/ssh/publicKey";

/**
 * A new ed25519 pair in OpenSSH's format.
 *
 * ssh2 drops leading zero bytes of what it generates, so that one pair in some hundred is none:
 * such a pair is thrown away.
 *
 * @param passphrase locks the private key. @default none
 */
export function ed25519KeyPair(passphrase?: string): { private: string; public: string } {
  const options =
    passphrase === undefined ? undefined : { passphrase, cipher: "aes256-ctr", rounds: 1 };
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", options);
    const key = utils.parseKey(pair.private, passphrase);
    if (parsePublicKey(pair.public) !== undefined && !(key instanceof Error)) return pair;
  }
}
