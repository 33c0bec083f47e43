import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RouterErrorCode, routerErrors } from "../../src/core/router-error.ts";
import { errorPage } from "../../src/router/error-page.ts";

describe("the page about an error", () => {
  it("is plain text for a program", () => {
    expect(errorPage("H10", "web.1 is exited", "id", false)).toEqual({
      contentType: "text/plain; charset=utf-8",
      body:
        "H10 App crashed: web.1 is exited\n" +
        "procman logs --ps web shows what it printed, procman why web what happened.\n" +
        "Request id\n",
    });
  });

  it("is HTML for a browser", () => {
    const { contentType, body } = errorPage("H12", 'web.1 <slept> & "slept"', "a&b", true);
    expect(contentType).toBe("text/html; charset=utf-8");
    expect(body).toContain("<h1>H12 Request timeout</h1>");
    expect(body).toContain("<p>web.1 &lt;slept&gt; &amp; &quot;slept&quot;</p>");
    expect(body).toContain("Request a&amp;b ");
  });

  it.each(Object.keys(routerErrors) as RouterErrorCode[])("says what to do about %s", (code) => {
    const [first, advice, request] = errorPage(code, "why", "id", false).body.split("\n");
    expect(first).toBe(`${code} ${routerErrors[code].desc}: why`);
    expect(advice).toMatch(/procman /);
    expect(request).toBe("Request id");
  });

  it("has no other elements, whatever the cause", () => {
    const tags = (cause: string) => errorPage("H17", cause, "id", true).body.match(/<[^>]*>/g);
    const usual = tags("");
    const cause = fc.string({ unit: fc.constantFrom(..."<>&\"'/abc script=") });
    fc.assert(fc.property(cause, (text) => void expect(tags(text)).toEqual(usual)));
  });
});
