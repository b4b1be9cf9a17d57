"""Authlib's Flask integration on SQLAlchemy and SQLite, under gunicorn.

Models and grants as its manual builds them: rotation on, reuse told by a revoked token. SQLite is
set to WAL with synchronous = FULL, so that what is answered is on the disk. Run as a program it
fills the database, prints one JSON line with its port, and becomes gunicorn.
"""

import json
import os
import secrets
import socket
import sys
import time
from pathlib import Path

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # 127.0.0.1, without TLS

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_query_token_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceCodeGrant, DeviceCredentialDict
from flask import Flask
from sqlalchemy import Column, Integer, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
engine = create_engine(f"sqlite:///{os.environ['STORE']}", connect_args={"timeout": 30})
session = scoped_session(sessionmaker(bind=engine))


@event.listens_for(engine, "connect")
def durable(connection, _):
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id = Column(Integer, primary_key=True)
    name = Column(String(40))

    def get_user_id(self):
        return self.id


class Client(Base, OAuth2ClientMixin):
    __tablename__ = "oauth2_client"
    id = Column(Integer, primary_key=True)


class Token(Base, OAuth2TokenMixin):
    __tablename__ = "oauth2_token"
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer)


class Device(Base):
    __tablename__ = "device"
    device_code = Column(String(48), primary_key=True)
    user_code = Column(String(16), unique=True)
    user_id = Column(Integer)
    decision = Column(String(8))
    expires_at = Column(Integer)


class Refreshing(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def authenticate_refresh_token(self, refresh_token):
        found = session.query(Token).filter_by(refresh_token=refresh_token).first()
        return found if found is not None and not found.refresh_token_revoked_at else None

    def authenticate_user(self, refresh_token):
        return session.get(User, refresh_token.user_id)

    def revoke_old_credential(self, refresh_token):
        refresh_token.refresh_token_revoked_at = int(time.time())
        session.commit()


class Polling(DeviceCodeGrant):
    def query_device_credential(self, device_code):
        found = session.get(Device, device_code)
        return found and DeviceCredentialDict(
            client_id="acme-cli",
            scope="read",
            user_code=found.user_code,
            expires_at=found.expires_at,
        )

    def query_user_grant(self, user_code):
        found = session.query(Device).filter_by(user_code=user_code).first()
        if found is None or found.decision is None:
            return None
        return session.get(User, found.user_id), found.decision == "approve"

    def should_slow_down(self, credential):
        return False


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ["none"]
    query_token = staticmethod(create_query_token_func(session, Token))

    def check_permission(self, token, client, request):
        return token.client_id == client.client_id

    def introspect_token(self, token):
        return {
            "active": True,
            "client_id": token.client_id,
            "sub": str(token.user_id),
            "scope": token.scope,
            "exp": token.issued_at + token.expires_in,
        }


def create_app():
    made = Flask(__name__)
    made.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    server = AuthorizationServer(
        made,
        query_client=create_query_client_func(session, Client),
        save_token=create_save_token_func(session, Token),
    )
    server.register_grant(Refreshing)
    server.register_grant(Polling)
    server.register_endpoint(Introspection)
    made.post("/token", endpoint="token")(server.create_token_response)
    made.post("/introspect", endpoint="introspect")(
        lambda: server.create_endpoint_response("introspection")
    )
    made.teardown_appcontext(lambda _: session.remove())
    return made


def fill():
    """Make the database and what the benchmark asks for in it."""
    Base.metadata.create_all(engine)
    client = Client(client_id="acme-cli", client_id_issued_at=int(time.time()))
    client.set_client_metadata(
        {
            "token_endpoint_auth_method": "none",
            "grant_types": ["refresh_token", DEVICE],
            "scope": "read",
        }
    )
    tokens = [secrets.token_urlsafe(36) for _ in range(int(os.environ["FAMILIES"]))]
    codes = [secrets.token_urlsafe(32) for _ in range(int(os.environ["CODES"]))]
    session.add(client)
    for number, token in enumerate(tokens, start=1):
        access = secrets.token_urlsafe(32)
        session.add(User(id=number, name=f"user-{number}"))
        session.add(
            Token(
                client_id="acme-cli", user_id=number, token_type="Bearer", scope="read",
                access_token=access, refresh_token=token, expires_in=600,
            )
        )  # fmt: skip
    ends = int(time.time()) + 7200
    for number, code in enumerate(codes):
        session.add(Device(device_code=code, user_code=f"C{number}", expires_at=ends))
    session.commit()
    return {"tokens": tokens, "codes": codes}


if __name__ == "__main__":
    made = fill()
    engine.dispose()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.set_inheritable(True)
    print(json.dumps({"port": listener.getsockname()[1], **made}), flush=True)
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    os.execv(  # noqa: S606
        gunicorn,
        [
            gunicorn, "--bind", f"fd://{listener.fileno()}", "--workers", str(os.cpu_count()),
            "--worker-class", "gthread", "--threads", "8", "--keep-alive", "75",
            "--chdir", str(Path(__file__).parent), "server:create_app()",
        ],
    )  # fmt: skip
