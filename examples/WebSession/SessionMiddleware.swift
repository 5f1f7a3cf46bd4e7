import Hummingbird
import Wherry
