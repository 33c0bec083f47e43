/** A certificate that nobody has signed but itself, in PEM. The key is for its owner only. */
import { execa } from "execa";

/** For this machine, by whatever name it is called. Fails when there is no openssl. */
export async function makeCertificate(
  certPath: string,
  keyPath: string,
  validDays: number,
): Promise<void> {
  const made = await execa(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", String(validDays), "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"],
      ...["-keyout", keyPath, "-out", certPath],
    ],
    { reject: false, stdin: "ignore" },
  );
  if (made.failed) {
    throw new Error(
      `no certificate can be made (${made.shortMessage}); install openssl, or give one with --router-tls CERT,KEY`,
    );
  }
}
