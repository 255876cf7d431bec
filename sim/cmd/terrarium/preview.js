// What `terrarium lesson serve` adds to the page: it reloads when the lesson has changed, and says what is wrong with it.
{
  let version;
  const box = document.createElement("aside");
  box.setAttribute("role", "status");
  box.setAttribute("aria-label", "What is wrong with the lesson");
  box.style.cssText =
    "position:fixed;inset:auto 1rem 1rem auto;z-index:1000;max-width:min(44rem,calc(100vw - 2rem));max-height:50vh;overflow:auto;" +
    "padding:.75rem 1rem;border-radius:10px;background:#7c2415;color:#fff;font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;" +
    "box-shadow:0 8px 30px rgb(0 0 0/.35)";
  new EventSource("preview/events").onmessage = (e) => {
    const now = JSON.parse(e.data);
    if (version !== undefined && version !== now.version) return location.reload();
    version = now.version;
    const problems = now.problems ?? [];
    if (!problems.length) return box.remove();
    box.textContent = problems.join("\n");
    document.body.append(box);
  };
}
