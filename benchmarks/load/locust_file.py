"""What locust does: users that ask for one path, each again as soon as it was answered."""

from locust import FastHttpUser, constant, task


class Asking(FastHttpUser):
    """One user, with locust's faster client."""

    wait_time = constant(0)

    @task
    def ask(self) -> None:
        """Send one request."""
        self.client.get("/")
