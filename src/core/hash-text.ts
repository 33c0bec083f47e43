/** 16 hex digits that tell texts apart (FNV-1a, twice 32 bits). Who wants to can find a twin. */
export function hashText(text: string): string {
  return hash32(text, 0x811c9dc5) + hash32(text, 0x01000193);
}

function hash32(text: string, basis: number): string {
  let hash = basis;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
