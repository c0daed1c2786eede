# In the manner of the script that mod_wsgi-express writes. FOLDER, ENTRY and TYPE are replaced by the tests.
import os

from mod_wsgi.express.runtime import ApplicationHandler

working_directory = r'FOLDER'

entry_point = r'ENTRY'
application_type = 'TYPE'
callable_object = 'application'
mount_point = '/shop'

os.environ['MOD_WSGI_EXPRESS'] = 'true'

handler = ApplicationHandler(entry_point)
