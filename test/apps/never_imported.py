"""Says that it is being imported, and never is."""

import time

print("importing")
while True:
    time.sleep(1)
