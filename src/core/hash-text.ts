const prime = 0x100000001b3n;
const basis = 0xcbf29ce484222325n;

/** 16 hex digits that tell texts apart (FNV-1a). Not for secrets: who wants to can find a twin. */
export function hashText(text: string): string {
  let hash = basis;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  }
  return hash.toString(16).padStart(16, "0");
}
