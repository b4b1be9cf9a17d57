"""What a project's servers alone can do: mails, the data vault, accounts at providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, Literal

from keyturn.sdk.apps.base import BaseApp
from keyturn.sdk.binding import S_co, Steps, operation
from keyturn.sdk.resources.data_vault import DataVaultStore
from keyturn.sdk.resources.email import EmailDeliveryInfo
from keyturn.sdk.resources.oauth_connection import ServerOAuthProvider
from keyturn.sdk.values import UNSET, Unset, at, given, present


class ServerFeatureOperations(BaseApp[S_co], Generic[S_co]):
    """Mails, the data vault, and accounts at providers."""

    @operation
    def send_email(
        self,
        *,
        user_ids: Sequence[str] | None = None,
        all_users: bool = False,
        subject: str | None = None,
        html: str | None = None,
        template_id: str | None = None,
        variables: Mapping[str, str] | None = None,
        draft_id: str | None = None,
        theme_id: str | Literal[False] | Unset | None = UNSET,
        notification_category_name: str | None = None,
        is_high_priority: bool | None = None,
        scheduled_at: datetime | None = None,
    ) -> Steps[list[str]]:
        """Mail something to users (``POST /emails/send-email``); returns whom it was queued for.

        Args:
            user_ids: To whom.
            all_users: To everybody instead.
            subject: What it is about; the server has one ready.
            html: What it says.
            template_id: A template that says it instead.
            variables: What the template is filled with.
            draft_id: A draft that says it instead.
            theme_id: How it looks; ``None``: as the project's mails do, ``False``: plain.
            notification_category_name: Which kind of mail it is, so that users can turn it off.
            is_high_priority: Whether it goes before others that wait.
            scheduled_at: Not before then, with a time zone.

        Raises:
            ValueError: not exactly one audience, or not exactly one thing to say.
            UserIdDoesNotExist: nobody has one of those ids.
        """
        if (user_ids is None) is not all_users:
            raise ValueError("give user_ids= or all_users=True")
        if [html, template_id, draft_id].count(None) != 2:
            raise ValueError("give exactly one of html=, template_id= and draft_id=")
        body = present(
            user_ids=None if user_ids is None else list(user_ids),
            all_users=True if all_users else None,
            subject=subject,
            html=html,
            template_id=template_id,
            variables=None if variables is None else dict(variables),
            draft_id=draft_id,
            notification_category_name=notification_category_name,
            is_high_priority=is_high_priority,
            scheduled_at_millis=scheduled_at,
        )
        path = at("emails", "send-email")
        answer = yield from self._as_project.post(path, {**body, **given(theme_id=theme_id)})
        return [each.text("user_id") for each in answer.items("results")]

    @operation
    def get_email_delivery_stats(self) -> Steps[EmailDeliveryInfo]:
        """Say what became of the project's mails (``GET /emails/delivery-info``)."""
        path = at("emails", "delivery-info")
        return EmailDeliveryInfo.read((yield from self._as_project.get(path)))

    @operation
    def create_oauth_provider(
        self,
        *,
        user_id: str,
        account_id: str,
        provider_config_id: str,
        email: str | None = None,
        allow_sign_in: bool,
        allow_connected_accounts: bool,
    ) -> Steps[ServerOAuthProvider[S_co]]:
        """Give a user an account at a provider (``POST /oauth-providers``), on your word for it.

        Args:
            user_id: Whose it is.
            account_id: The provider's own name for the person.
            provider_config_id: The provider, as the project names it.
            email: The address that the provider knows.
            allow_sign_in: Whether it signs in.
            allow_connected_accounts: Whether programs may have the provider's tokens.

        Raises:
            OAuthProviderAccountIdAlreadyUsedForSignIn: it signs somebody else in.
            UserIdDoesNotExist: nobody has that id.
        """
        body = present(
            user_id=user_id,
            account_id=account_id,
            provider_config_id=provider_config_id,
            email=email,
            allow_sign_in=allow_sign_in,
            allow_connected_accounts=allow_connected_accounts,
        )
        session = self._as_project
        return ServerOAuthProvider.read(
            session, (yield from session.post(at("oauth-providers"), body))
        )

    def get_data_vault_store(self, store_id: str) -> DataVaultStore[S_co]:
        """Return a store of the data vault; nothing is asked yet.

        Args:
            store_id: The store, as the project names it.
        """
        return DataVaultStore(_session=self._as_project, id=store_id)
