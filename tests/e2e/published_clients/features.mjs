// What a project's server does besides signing people in: vault, items, products, mail, keys.
import { readdirSync } from "node:fs";
import { assert, adminApp, clientApp, email, freshUser, serverApp, signUp } from "./client.mjs";

const { outbox } = JSON.parse(process.env.KEYTURN_FLOW);
const app = clientApp();
const user = await signUp(app, email());

// The vault: hashed and encrypted by the package, given back to whoever has the secret.
const secret = "of the project's own servers";
const store = await serverApp().getDataVaultStore("tokens");
assert.equal(await store.getValue(user.id, { secret }), null);
await store.setValue(user.id, "a token of somebody else", { secret });
const again = await serverApp().getDataVaultStore("tokens");
assert.equal(await again.getValue(user.id, { secret }), "a token of somebody else");
assert.equal(await again.getValue(user.id, { secret: "another" }), null);

// Items: counted by the server, seen by the user.
const ofServer = await serverApp().getUser(user.id);
const credits = await ofServer.getItem("credits");
assert.equal(credits.quantity, 0);
await credits.increaseQuantity(5);
assert.equal(await credits.tryDecreaseQuantity(9), false);
assert.equal(await credits.tryDecreaseQuantity(2), true);
assert.equal((await user.getItem("credits")).quantity, 3);
assert.equal((await user.getItem("credits")).displayName, "Credits");

// Products: granted by the server, seen and cancelled by the user.
await serverApp().grantProduct({ userId: user.id, productId: "pro" });
const mine = await (await freshUser(user)).listProducts();
assert.deepEqual(
  mine.map((one) => [one.id, one.displayName, one.quantity]),
  [["pro", "Pro", 1]],
);
assert.equal(mine.nextCursor, null);
await assert.rejects(serverApp().grantProduct({ userId: user.id, productId: "pro" }), /already/);
assert.equal((await (await freshUser(user)).getItem("credits")).quantity, 13);
if (app.cancelSubscription !== undefined) {
  await app.cancelSubscription({ productId: "pro" });
  assert.equal((await (await freshUser(user)).listProducts()).length, 0);
  assert.equal((await (await freshUser(user)).getItem("credits")).quantity, 3);
}
if (user.useBilling !== undefined || user.getBilling !== undefined) {
  assert.equal((await user.getBilling()).hasCustomer, false);
  await assert.rejects(user.createCheckoutUrl({ productId: "pro" }), /not set up/);
}

// Mail, and what somebody wants of it.
const [, marketing] = await user.listNotificationCategories();
assert.deepEqual([marketing.name, marketing.enabled, marketing.canDisable], ["Marketing", true, true]);
await marketing.setEnabled(false);
const [, changed] = await (await freshUser(user)).listNotificationCategories();
assert.equal(changed.enabled, false);
const subject = `Hello ${user.id}`;
const kept = () => readdirSync(outbox, { withFileTypes: true }).length;
const before = kept();
await serverApp().sendEmail({ userIds: [user.id], html: "<p>Hello</p>", subject });
const deadline = Date.now() + 20_000;
while (kept() === before) {
  assert.ok(Date.now() < deadline, "no mail came");
  await new Promise((resolve) => setTimeout(resolve, 20));
}
if (serverApp().getEmailDeliveryStats !== undefined) {
  const { stats } = await serverApp().getEmailDeliveryStats();
  assert.deepEqual(Object.keys(stats).sort(), ["day", "hour", "month", "week"]);
  assert.equal(stats.hour.bounced, 0);
}

// Keys: shown once, then by their last characters, until they are revoked.
const made = await adminApp().createInternalApiKey({
  description: "for a test",
  expiresAt: new Date(Date.now() + 3_600_000),
  hasPublishableClientKey: false,
  hasSecretServerKey: true,
  hasSuperSecretAdminKey: false,
});
assert.match(made.secretServerKey, /^ssk_/);
const [listed] = (await adminApp().listInternalApiKeys()).filter((one) => one.id === made.id);
assert.deepEqual(
  [listed.description, listed.secretServerKey.lastFour, listed.isValid()],
  ["for a test", made.secretServerKey.slice(-4), true],
);
assert.equal(listed.superSecretAdminKey ?? null, null);
await listed.revoke();
const [revoked] = (await adminApp().listInternalApiKeys()).filter((one) => one.id === made.id);
assert.equal(revoked.whyInvalid(), "manually-revoked");
