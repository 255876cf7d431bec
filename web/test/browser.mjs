// What the browser's tests share: the served page, Chromium, and the terminal's words.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

function chrome() {
  const places = [process.env.CHROME, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
  const found = places.find((p) => p && existsSync(p));
  if (!found) throw new Error("no Chromium or Chrome: install one, or set CHROME to its path");
  return found;
}

export function launch() {
  return chromium.launch({ executablePath: chrome(), args: ["--no-sandbox", "--force-color-profile=srgb"] });
}

/** Serves a folder with the program that `make run` uses; resolves with its URL and a function that ends it. */
export function serve(dir = path.join(root, "web/dist")) {
  const program = spawn(path.join(root, "bin/terrarium"), ["page", "--listen", "127.0.0.1:0", dir], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let said = "";
    program.stdout.on("data", (d) => {
      said += d;
      const url = said.match(/http:\S+/)?.[0];
      if (url) resolve({ url, close: () => program.kill() });
    });
    program.on("error", reject);
    program.on("exit", (code) => reject(new Error(`terrarium page ended with ${code}`)));
  });
}

/** A page of a new profile. Errors that it logs are kept in `page.errors`. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", ...options });
  const page = await context.newPage();
  watch(page);
  await page.goto(url);
  return page;
}

export function watch(page) {
  page.errors = [];
  page.on("pageerror", (e) => page.errors.push(String(e.stack ?? e)));
  page.on("console", (m) => m.type() === "error" && page.errors.push(m.text()));
}

/** The lesson's cluster, once it is there. */
export async function ready(page) {
  await page.waitForFunction(() => document.querySelector("terrarium-lesson")?.cluster, null, { timeout: 30_000 });
}

/** Runs a line in the cluster beside the terminal. */
export const exec = (page, line) => page.evaluate((l) => document.querySelector("terrarium-lesson").cluster.exec(l), line);

export const advance = (page, d) => page.evaluate((x) => document.querySelector("terrarium-lesson").cluster.advance(x).then(String), d);

/** Gives the terminal the focus and types a line into it. */
export async function type(page, line) {
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(line + "\n");
}

/** What stands on the terminal's screen, without blanks at the ends of its lines. */
export function screen(page) {
  return page.locator(".xterm-rows").evaluate((rows) => [...rows.children].map((r) => r.textContent.replace(/\u00a0/g, " ").trimEnd()).join("\n").trimEnd());
}

/** Waits until the screen matches. */
export async function shows(page, pattern, timeout = 15_000) {
  const end = Date.now() + timeout;
  for (;;) {
    const text = await screen(page);
    if (text.match(pattern)) return text;
    if (Date.now() > end) throw new Error(`the terminal does not show ${pattern}:\n${text}`);
    await page.waitForTimeout(30);
  }
}

export const checkpoint = (page, id) => page.locator(`[data-checkpoint=${id}]`);
