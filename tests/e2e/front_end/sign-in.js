import { session } from "./session.js";

// Not awaited here: whoever is quick must not send the form before its handler is in place.
const loading = fetch("settings.json").then((answer) => answer.json());

document.querySelector("form").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const way = event.submitter.value;
  const settings = await loading;
  const { email, password } = Object.fromEntries(new FormData(form));
  const headers = {
    "content-type": "application/json",
    "x-stack-access-type": "client",
    "x-stack-project-id": settings.projectId,
    "x-stack-publishable-client-key": settings.publishableKey,
  };
  if (session.current?.isGuest) {
    // Signing up as the guest turns it into the account, with everything it has.
    headers["x-stack-access-token"] = session.current.accessToken;
    headers["x-stack-allow-anonymous-user"] = "true";
  }
  const answer = await fetch(`${settings.server}/api/v1/auth/password/${way}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ email, password }),
  });
  const found = await answer.json();
  if (!answer.ok) {
    document.getElementById("error").textContent = found.code;
    return;
  }
  session.keep({ ...found, email });
  location.replace("cli.html");
};
