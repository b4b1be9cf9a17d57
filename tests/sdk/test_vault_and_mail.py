"""What servers alone do: the data vault, mails, and what users want to be mailed about."""

from datetime import UTC, datetime

import pytest

from keyturn.sdk import (
    DataVaultValueUnreadable,
    NotSupportedByServer,
    StackStatusError,
    vault_crypto,
)
from keyturn.sdk.known_errors import DataVaultStoreDoesNotExist, UserIdDoesNotExist
from tests.sdk.stage_ import Form, StagedProject, collected, done, on_server, verified
from tests.server.mail.test_sending import outbox


@pytest.mark.specified(
    "StackServerApp.get_data_vault_store",
    "DataVaultStore.get",
    "DataVaultStore.set",
    "DataVaultStore.delete",
    "DataVaultStore.list",
)
@pytest.mark.proves("D-2")
def test_a_value_is_there_for_those_who_know_key_and_secret(form: Form) -> None:
    project = form.stage.project(data_vault_stores=("tokens",))

    async def body() -> None:
        store = form.server(project).get_data_vault_store("tokens")
        assert await done(store.get("github", secret="s")) is None
        await done(store.set("github", "first", secret="s"))
        await done(store.set("github", "gho_ä €", secret="s"))
        assert await done(store.get("github", secret="s")) == "gho_ä €"
        assert await done(store.get("github", secret="other")) is None
        assert await done(store.get("gitlab", secret="s")) is None
        with pytest.raises(NotSupportedByServer):
            await done(store.delete("github"))
        with pytest.raises(NotSupportedByServer):
            await done(store.list())
        elsewhere = form.server(project).get_data_vault_store("nothing")
        with pytest.raises(DataVaultStoreDoesNotExist):
            await done(elsewhere.get("github", secret="s"))

    form.play(body)


def test_what_was_changed_on_the_way_is_not_read() -> None:
    derived = vault_crypto.derive("secret", "key")
    kept = vault_crypto.encrypted(derived, "value")
    assert vault_crypto.decrypted(derived, kept) == "value"
    assert vault_crypto.encrypted(derived, "value") != kept
    wrong = [kept[:-4] + "AAAA", "AgAA", "", "not base64", "kéy=", kept[:20], "AQ" + kept]
    for each in wrong:
        with pytest.raises(DataVaultValueUnreadable):
            vault_crypto.decrypted(derived, each)
    with pytest.raises(DataVaultValueUnreadable):
        vault_crypto.decrypted(vault_crypto.derive("secret", "other"), kept)


def test_the_published_sdks_ciphertext_opens() -> None:
    # Written by @stackframe/stack-shared 2.8.108: hashKey and encryptValue.
    derived = vault_crypto.derive("tést-secret", "kéy")
    assert vault_crypto.hashed_key("tést-secret", derived) == PUBLISHED_HASH
    assert vault_crypto.decrypted(derived, PUBLISHED_VALUE) == "välue"


PUBLISHED_HASH = "rwMO5ZO/2kW/PKwkOTI19Y4op7dzwNLfPOnyjNLMPo4="
PUBLISHED_VALUE = "AQB6KySBaRw408tmJtXkb8+mNubadWoETaTPn75UuXooktVHT3DQHaX8aWFOdrFLgH6UTg=="


@pytest.mark.specified(
    "StackServerApp.send_email",
    "StackServerApp.get_email_delivery_stats",
    "CurrentUser.list_notification_categories",
    "ServerUser.list_notification_categories (inherited UserExtra)",
    "NotificationCategory.subscribe",
    "NotificationCategory.unsubscribe",
)
def test_a_mail_goes_to_those_who_want_its_kind(form: Form) -> None:
    project = form.stage.project()

    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        there = await done(server.get_user(user.id))
        address = user.primary_email
        mails = {"subject": "News", "html": "<p>Hello</p>"}

        async def send() -> int:
            category = {"notification_category_name": "Marketing"}
            queued = await done(server.send_email(user_ids=[user.id], **mails, **category))
            assert queued == [user.id]
            sender = form.stage.server.services.email_sender
            await on_server(form, sender.send_due())
            data = form.stage.server.settings.data
            return sum(mail["To"] == user.primary_email for mail in outbox(data))

        assert await send() == 1
        for owner in (user, there):
            listed = await collected(owner.list_notification_categories())
            marketing = next(each for each in listed if each.display_name == "Marketing")
            assert (marketing.is_user_subscribed, marketing.can_unsubscribe) == (True, True)
            await done(marketing.unsubscribe())
            again = await collected(owner.list_notification_categories())
            assert [each.is_user_subscribed for each in again if each.id == marketing.id] == [False]
            assert not marketing.is_user_subscribed
            assert await send() == 1
            await done(marketing.subscribe())
        transactional = next(each for each in listed if not each.can_unsubscribe)
        with pytest.raises(StackStatusError):
            await done(transactional.unsubscribe())
        info = await done(server.get_email_delivery_stats())
        # There is no mail server here: what lies in the outbox has not been sent.
        assert (info.hour.sent, info.month.sent, info.day.bounced) == (0, 0, 0)
        assert info.capacity.rate_per_second > 0
        later = datetime(2100, 1, 1, tzinfo=UTC)
        queued = server.send_email(
            all_users=True, scheduled_at=later, is_high_priority=True, **mails
        )
        assert await done(queued) == [user.id]
        await on_server(form, form.stage.server.services.email_sender.send_due())
        sent = [mail for mail in outbox(form.stage.server.settings.data) if address in mail["To"]]
        assert len(sent) == 1

    form.play(body)


def test_a_mail_needs_one_audience_and_one_thing_to_say(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        server = form.server(project)
        with pytest.raises(ValueError, match="user_ids"):
            await done(server.send_email(html="Hello"))
        with pytest.raises(ValueError, match="exactly one"):
            await done(server.send_email(all_users=True))
        gone = "00000000-0000-0000-0000-000000000000"
        with pytest.raises(UserIdDoesNotExist):
            await done(server.send_email(user_ids=[gone], html="Hello"))

    form.play(body)
