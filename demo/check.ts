/** What a visitor sees of the deployed site; each check throws with what it saw instead. */
export async function checkSite(url: string): Promise<string[]> {
  return [await robots(url), await page(url), await slash(url)];
}

async function robots(url: string): Promise<string> {
  const response = await fetch(`${url}/robots.txt`);
  const text = await response.text();
  if (text !== "User-agent: *\nDisallow: /\n") {
    throw new Error(
      `/robots.txt: status ${response.status}, ${JSON.stringify(text.slice(0, 200))}`,
    );
  }
  return "/robots.txt keeps spiders out";
}

async function page(url: string): Promise<string> {
  const response = await fetch(`${url}/`);
  if (response.status !== 200) throw new Error(`/: status ${response.status}`);
  return "/ answers 200";
}

async function slash(url: string): Promise<string> {
  const response = await fetch(`${url}/about?q=1`, { redirect: "manual" });
  const location = response.headers.get("location") ?? "";
  if (response.status !== 301 || !location.endsWith("/about/?q=1")) {
    throw new Error(`/about?q=1: status ${response.status}, location "${location}"`);
  }
  return "/about gets its trailing slash (301)";
}
