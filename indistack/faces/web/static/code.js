// Asks for the code that lets one look on. The QR code holds it behind the #, which no browser sends anywhere.
import { $ } from "./elements.js";
import { kept, preferred, say, use } from "./words.js";

const told = new URLSearchParams(location.hash.slice(1));

async function tell(code) {
  const answer = await fetch("/api/v1/look-on", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }) });
  if (!answer.ok) return answer.status;
  kept("code", code);
  told.delete("code");
  history.replaceState(null, "", `${location.pathname}${location.search}${String(told) && `#${told}`}`);
  location.reload();
  return 0;
}

async function ask() {
  await use(preferred());
  $("code-title").textContent = say("code_title");
  $("code-label").textContent = say("code_label");
  $("code-go").textContent = say("code_go");
  $("gate").hidden = false;
  $("code").focus();
  $("code-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = await tell($("code").value).catch(() => -1);
    if (status) $("code-fault").textContent = say({ 429: "code_wait", [-1]: "offline" }[status] || "code_wrong");
  });
}

async function enter() {
  const known = told.get("code") || kept("code");
  if (!known || (await tell(known).catch(() => -1)) !== 0) await ask();
}

enter();
