"""A mail server for tests, on a socket of this machine: takes mails by SMTP, with STARTTLS or TLS from
the beginning under a certificate of its own, and wants a user to sign in. Keeps what came."""
import base64
import email
import email.policy
import os
import socket
import ssl
import subprocess
import tempfile
import threading


def make_certificate(directory):
    """A self-signed certificate for localhost; the paths of it and of its key."""
    place = tempfile.mkdtemp(dir=directory)
    key, certificate = os.path.join(place, "mail.key"), os.path.join(place, "mail.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "3650", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return certificate, key


class MailServer:
    def __init__(self, directory, tls_first=False, user="watch", password="pass+word", mechanisms="PLAIN LOGIN"):
        self.certificate, key = make_certificate(directory)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.tls_first, self.user, self.password, self.mechanisms = tls_first, user, password, mechanisms
        self.mails = []  # (sender, recipients, message, whether it came by TLS)
        self.commands = []
        self.refuse_next = 0  # so many mails get 451
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if self.tls_first:
                client = self.context.wrap_socket(client, server_side=True)
            self._talk(client, self.tls_first)
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def _talk(self, client, secured):
        lines = client.makefile("rb")
        say = lambda text: client.sendall(text.encode() + b"\r\n")
        say("220 localhost ready")
        signed_in, sender, recipients = False, None, []
        while True:
            line = lines.readline().decode("ascii").rstrip("\r\n")
            if not line:
                return
            self.commands.append(line.split(" ")[0].upper() + ("" if secured else " (plain)"))
            word = line.upper()
            if word.startswith("EHLO"):
                offers = [] if secured else ["STARTTLS"]
                if secured:
                    offers.append("AUTH " + self.mechanisms)
                for offer in ["localhost"] + offers:
                    say("250-" + offer)
                say("250 8BITMIME")
            elif word == "STARTTLS" and not secured:
                say("220 go on")
                client = self.context.wrap_socket(client, server_side=True)
                return self._again(client)
            elif word.startswith("AUTH PLAIN "):
                given = base64.b64decode(line[11:]).decode()
                signed_in = given == f"\0{self.user}\0{self.password}"
                say("235 welcome" if signed_in else "535 no")
            elif word == "AUTH LOGIN":
                say("334 VXNlcm5hbWU6")
                user = base64.b64decode(lines.readline()).decode()
                say("334 UGFzc3dvcmQ6")
                password = base64.b64decode(lines.readline()).decode()
                signed_in = (user, password) == (self.user, self.password)
                say("235 welcome" if signed_in else "535 no")
            elif word.startswith("MAIL FROM:"):
                if not signed_in:
                    say("530 sign in first")
                elif self.refuse_next > 0:
                    self.refuse_next -= 1
                    say("451 not now")
                else:
                    sender, recipients = line[10:].strip("<> "), []
                    say("250 ok")
            elif word.startswith("RCPT TO:"):
                recipients.append(line[8:].strip("<> "))
                say("250 ok")
            elif word == "DATA":
                say("354 end with a dot")
                self.mails.append((sender, recipients, self._message(lines), secured))
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("500 what?")

    def _again(self, client):
        """After STARTTLS the dialogue begins anew, without a greeting."""
        hidden = _WithoutGreeting(client)
        self._talk(hidden, True)

    @staticmethod
    def _message(lines):
        text = b""
        while True:
            line = lines.readline()
            if line in (b".\r\n", b""):
                return email.message_from_bytes(text, policy=email.policy.default)
            text += line[1:] if line.startswith(b".") else line


class _WithoutGreeting:
    def __init__(self, client):
        self.client, self.greeted = client, False

    def makefile(self, how):
        return self.client.makefile(how)

    def sendall(self, data):
        if not self.greeted:
            self.greeted = True
            return
        self.client.sendall(data)

    def close(self):
        self.client.close()
