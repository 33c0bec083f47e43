/** The cookie by which a client comes back to the same process. */

const name = "procman_web";
const value = /^web\.[1-9]\d{0,6}$/;

/** The name of an instance, of which there need not be one any more. */
export function preferredInstance(cookie: string): string | undefined {
  for (const pair of cookie.split(";")) {
    const [key, text = ""] = pair.trim().split("=");
    if (key === name && value.test(text)) return text;
  }
  return undefined;
}

/** A header field that brings it to that instance; none when it asks for that already. */
export function stickTo(instance: string, preferred: string | undefined): readonly string[] {
  if (instance === preferred) return [];
  return ["Set-Cookie", `${name}=${instance}; Path=/; HttpOnly; SameSite=Lax`];
}
