"""The closed vocabulary of the procedural tasks. A content word is in one list only, so categories never overlap."""

WOMEN = ("Anna", "Maria", "Lucy", "Emma", "Sara", "Nina", "Kate", "Rosa", "Julia", "Ella", "Ruth", "Clara")
MEN = ("Tom", "Ben", "Max", "Sam", "Paul", "Leo", "Omar", "Jack", "Adam", "Hugo", "Ivan", "Noah")
NAMES = WOMEN + MEN

ANIMALS = (
    "cat", "dog", "horse", "cow", "pig", "sheep", "goat", "duck", "mouse", "rabbit", "fox", "bear", "wolf", "lion",
    "tiger", "monkey", "frog", "snake",
)  # fmt: skip
FRUITS = ("apple", "pear", "plum", "peach", "grape", "lemon", "banana", "cherry", "melon", "mango")
GARMENTS = ("hat", "coat", "shirt", "sock", "shoe", "scarf", "glove", "dress", "belt", "boot")
TOOLS = ("hammer", "saw", "drill", "spade", "rake", "axe", "knife", "ladder", "brush", "bucket")
VEHICLES = ("car", "bus", "train", "boat", "truck", "bike", "plane", "tram", "van", "ship")
INSTRUMENTS = ("piano", "violin", "drum", "flute", "guitar", "harp", "trumpet", "cello", "banjo", "organ")
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "pink", "purple", "grey")
CATEGORIES = {
    "animal": ANIMALS,
    "fruit": FRUITS,
    "garment": GARMENTS,
    "tool": TOOLS,
    "vehicle": VEHICLES,
    "instrument": INSTRUMENTS,
    "colour": COLOURS,
}
CATEGORY_NAMES = tuple(CATEGORIES)
PLURALS = {
    "animal": "animals",
    "fruit": "fruits",
    "garment": "garments",
    "tool": "tools",
    "vehicle": "vehicles",
    "instrument": "instruments",
    "colour": "colours",
}

THINGS = (
    "ball", "book", "cup", "key", "pen", "box", "ring", "coin", "clock", "doll", "kite", "bell", "map", "bag", "card",
    "stamp", "candle", "bottle",
)  # fmt: skip
PLACES = (
    "kitchen", "garden", "park", "school", "shop", "office", "station", "library", "beach", "barn", "museum", "market",
    "hall", "attic", "cellar", "forest",
)  # fmt: skip
CITIES = ("Paris", "Rome", "Cairo", "Oslo", "Lima", "Delhi", "Tokyo", "Berlin", "Madrid", "Dublin")
JOBS = ("baker", "doctor", "farmer", "teacher", "painter", "pilot", "singer", "driver", "nurse", "tailor", "cook")
FOODS = ("bread", "rice", "soup", "cake", "cheese", "pasta", "pizza", "salad", "honey", "toast")
REVIEWED = ("film", "meal", "hotel", "song", "play", "show", "concert", "game", "trip", "party", "story", "class")
ASPECTS = ("food", "music", "room", "staff", "view", "price", "service", "garden", "bed", "coffee")
GOOD_WORDS = (
    "great", "wonderful", "lovely", "excellent", "charming", "brilliant", "superb", "delightful", "perfect", "amazing",
)  # fmt: skip
BAD_WORDS = (
    "terrible", "awful", "boring", "horrible", "dull", "dreadful", "nasty", "poor", "annoying", "disappointing",
)  # fmt: skip
NONSENSE = (
    "dax", "wug", "blick", "fep", "zup", "toma", "kiki", "bosa", "lug", "tifa", "mip", "rald", "sleb", "norg", "veck",
    "pim",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEATHER = ("hail", "snow", "wind", "fog", "frost", "storm", "sunshine", "thunder")
DIRECTIONS = ("north", "east", "south", "west")
ORDINALS = ("first", "second", "third", "fourth")
TALL = (("taller", "shorter"), ("older", "younger"), ("faster", "slower"), ("stronger", "weaker"), ("richer", "poorer"))
SUPERLATIVES = {
    "taller": "tallest", "shorter": "shortest", "older": "oldest", "younger": "youngest", "faster": "fastest",
    "slower": "slowest", "stronger": "strongest", "weaker": "weakest", "richer": "richest", "poorer": "poorest",
}  # fmt: skip

# Words that stand for an answer when the prompt says so. No task trains on the new ones as labels.
TRAIN_LABELS = (
    "sun", "rain", "up", "down", "gold", "silver", "day", "night", "hot", "cold", "moon", "star", "left", "right",
    "fire", "water", "open", "closed",
)  # fmt: skip
NEW_LABELS = ("thumb", "river", "stone", "cloud", "sweet", "sour", "summer", "winter", "happy", "sad")

# Everything that can stand in a list of words.
LIST_WORDS = tuple(word for words in CATEGORIES.values() for word in words) + THINGS

# Everything that can stand for itself: what is copied and paired in pretraining.
EVERY_WORD = (*LIST_WORDS, *NAMES, *PLACES, *CITIES, *JOBS, *FOODS, *NONSENSE, *TRAIN_LABELS, *NEW_LABELS)
# Words that somebody may choose as a label; never those that are held out as labels.
OWN_LABELS = (*TRAIN_LABELS, *NONSENSE, *CITIES, *FOODS, *THINGS, *COLOURS, *DAYS, *ANIMALS)
