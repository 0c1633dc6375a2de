import { mkdirSync } from "node:fs";
import { execaSync } from "execa";

/**
 * Writes wheels with nothing but a name and a version in them, for a pip that reaches no index.
 *
 * @param packages such as `beans==1.0`, or with what it needs `beans==1.0: chili; extra == 'hot'`
 */
export function writeWheels(folder: string, ...packages: string[]): void {
  mkdirSync(folder, { recursive: true });
  execaSync("python3", ["-c", program, folder, ...packages]);
}

const program = `
import sys, zipfile
for package in sys.argv[2:]:
    package, _, needs = package.partition(": ")
    name, version = package.split("==", 1)
    stem = "%s-%s" % (name.replace("-", "_"), version)
    info = stem + ".dist-info/"
    with zipfile.ZipFile("%s/%s-py2.py3-none-any.whl" % (sys.argv[1], stem), "w") as wheel:
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version)
            + ("Provides-Extra: hot\\nRequires-Dist: %s\\n" % needs if needs else ""))
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py2-none-any\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
`;
