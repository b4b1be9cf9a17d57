"""Users, as they see themselves and as servers see them."""

import pytest

from keyturn.sdk.known_errors import UserNotFound
from tests.sdk.stage_ import PASSWORD, Form, StagedProject, collected, done, new_email, page_of


@pytest.mark.specified(
    "StackServerApp.constructor",
    "StackServerApp.create_user",
    "StackServerApp.get_user(id)",
    "ServerUser.update",
    "ServerUser.delete (inherited UserExtra)",
)
@pytest.mark.proves("D-4")
def test_a_server_makes_changes_and_deletes_a_user(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, email = form.server(project), new_email()
        user = await done(
            app.create_user(primary_email=email, display_name="Ada", server_metadata={"a": [1]})
        )
        assert (user.primary_email, user.server_metadata) == (email, {"a": [1]})
        await done(user.update(display_name="Ada Lovelace", client_metadata={"theme": "dark"}))
        assert (user.display_name, user.client_metadata) == ("Ada Lovelace", {"theme": "dark"})
        found = await done(app.get_user(user.id))
        assert found.to_client_json() == user.to_client_json()
        await done(user.delete())
        assert await done(app.get_user(user.id)) is None
        with pytest.raises(UserNotFound):
            await done(user.update(display_name="Nobody"))

    form.play(body)


@pytest.mark.specified("StackServerApp.list_users")
@pytest.mark.proves("D-5")
def test_a_list_goes_on_from_page_to_page(form: Form) -> None:
    project = form.stage.project()

    async def body() -> None:
        app = form.server(project)
        made = [await done(app.create_user(display_name=f"U{n}")) for n in range(5)]
        wanted = [user.id for user in made]
        every = await collected(app.list_users(limit=2, order_by="signed_up_at"))
        assert sorted(user.id for user in every) == sorted(wanted)
        first = await page_of(app.list_users(limit=2))
        assert (len(first.items), first.next_cursor is None) == (2, False)
        second = await page_of(app.list_users(limit=2, cursor=first.next_cursor))
        assert not {u.id for u in first.items} & {u.id for u in second.items}
        last = await page_of(app.list_users())
        assert (len(last.items), last.next_cursor) == (5, None)
        assert await done(last.next_page()) is None

    form.play(body)


def test_a_made_user_signs_in(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        email = new_email()
        made = await done(
            form.server(project).create_user(
                primary_email=email, primary_email_auth_enabled=True, password=PASSWORD
            )
        )
        app = form.client(project)
        await done(app.sign_in_with_credential(email=email, password=PASSWORD))
        assert (await done(app.get_user(include_restricted=True))).id == made.id

    form.play(body)
